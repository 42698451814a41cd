"""A failed exchange in words fit for the public page. Pure.

Never the library's text: it may hold an address with a password, or what a server made up.
"""

import ssl
from collections.abc import Mapping

import httpx

from workflow_exporter.errors import CatalogUnavailableError

# OpenSSL's X509_V_ERR_*, x509_vfy.h.
_CERTIFICATE_FAULTS: Mapping[int, str] = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself alone",
    19: "is signed by a CA that is not trusted here; CA_BUNDLE_FILE can name it",
    20: "is signed by a CA that is not trusted here; CA_BUNDLE_FILE can name it",
    21: "is signed by a CA that is not trusted here; CA_BUNDLE_FILE can name it",
    23: "was revoked",
    62: "is of another name",
    64: "is of another address",
}


def unreachable(error: Exception) -> CatalogUnavailableError:
    """The error that a failed exchange is: one of httpx, ssl or the operating system."""
    fault = _certificate_fault(error)
    if fault is not None:
        return CatalogUnavailableError(f"the releases API's certificate {fault}")
    match error:
        case httpx.ConnectTimeout():
            text = "the releases API cannot be reached: no connection in time"
        case httpx.ProxyError():
            text = "the proxy before the releases API refuses"
        case _ if _caused_by(error, ssl.SSLError):
            text = "no encrypted connection to the releases API could be agreed on"
        case httpx.ConnectError():
            text = "the releases API cannot be reached: connection refused, or no way there"
        # h11 and httpcore tell these three apart by their texts alone.
        case httpx.RemoteProtocolError() if "disconnected without" in str(error):
            text = "the releases API closed the connection without an answer"
        case httpx.RemoteProtocolError() if "peer closed" not in str(error):
            text = "the answer of the releases API is not HTTP"
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError() | httpx.CloseError():
            text = "the connection to the releases API broke off"
        case _:
            text = f"the request to the releases API failed ({type(error).__name__})"
    return CatalogUnavailableError(text)


def _certificate_fault(error: BaseException) -> str | None:
    found = _caused_by(error, ssl.SSLCertVerificationError)
    if not isinstance(found, ssl.SSLCertVerificationError):
        return None
    return _CERTIFICATE_FAULTS.get(found.verify_code, f"is not trusted (OpenSSL fault {found.verify_code})")


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None
