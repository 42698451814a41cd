"""What any request to a server outside the cluster needs: a way there, and plain words when it fails.

A bare transport, made for one request: it has no cookie jar, follows no redirect, reads no variable of
the environment and keeps nothing, so that no server can recognise an agent by what it left there.
"""

import math
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from workflow_exporter.errors import SettingsError
from workflow_exporter.text_encoding import utf8
from workflow_exporter.web_address import WebAddress

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


class Way:
    """The way to one server."""

    def __init__(self, address: WebAddress, *, proxy: str | None, ca_bundle: Path | None) -> None:
        """`proxy`: its URL. Raises SettingsError where proxy or certificates are unusable, as that should
        stop the start and not show hours later."""
        self.address = address
        self._proxy = proxy
        self._ca_bundle = ca_bundle
        self._check_settings()

    def transport(self) -> httpx.AsyncHTTPTransport:
        """For one request. Reads the system's certificates, which takes 35 ms: not for the event loop."""
        proxied_in_tls = (self._proxy or "").lower().startswith("https:")
        tls = _tls(self._ca_bundle) if self.address.encrypted or proxied_in_tls else _no_tls()
        return self._transport(tls)

    def _transport(self, tls: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
        proxy = None
        if self._proxy is not None:
            # The library takes a context for an encrypted way to the proxy, and refuses one for a plain way.
            encrypted = self._proxy.lower().startswith("https:")
            proxy = httpx.Proxy(self._proxy, ssl_context=tls if encrypted else None)
        return httpx.AsyncHTTPTransport(verify=tls, proxy=proxy, trust_env=False)

    def _check_settings(self) -> None:
        if self._ca_bundle is not None:
            try:
                _tls(self._ca_bundle)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                raise SettingsError(
                    f"CA_BUNDLE_FILE='{self._ca_bundle}' holds no certificate in PEM form that can be read"
                ) from error
        try:
            self._transport(_no_tls())
        except (ValueError, httpx.InvalidURL) as error:  # not quoted: it may hold a password
            raise SettingsError(
                "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names is not an address such as "
                "http://proxy.example.org:3128"
            ) from error
        except ImportError as error:
            raise SettingsError("a SOCKS proxy needs the Python package socksio: install it") from error


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """Of a Retry-After header (RFC 9110, 10.2.3): seconds, or a date that is still to come."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])  # 30 years; more digits say nothing more
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # a year or an offset of many digits
        return None
    if moment.tzinfo is None:  # `-0000`: UTC by RFC 5322
        moment = moment.replace(tzinfo=UTC)
    seconds = math.ceil((moment - now).total_seconds())
    return float(seconds) if seconds > 0 else None


def failure_in_words(error: Exception, who: str) -> str:
    """What went wrong with a request to `who`: an error of httpx, ssl or the operating system.

    Fit for the public page: never the library's text, which may hold an address with a password, or what
    a server made up.
    """
    fault = _certificate_fault(error)
    if fault is not None:
        return f"the certificate of {who} {fault}"
    match error:
        case httpx.ConnectTimeout():
            text = "{who} cannot be reached: no connection in time"
        # httpcore tells a proxy's status by the text alone.
        case httpx.ProxyError() if str(error).startswith("407"):
            text = "the proxy before {who} does not know who asks (407)"
        case httpx.ProxyError():
            text = "the proxy before {who} refuses"
        case _ if _caused_by(error, ssl.SSLError):
            text = "no encrypted connection to {who} could be agreed on"
        case httpx.ConnectError():
            text = "{who} cannot be reached: connection refused, or no such address"
        # h11 and httpcore tell these three apart by their texts alone.
        case httpx.RemoteProtocolError() if "disconnected without" in str(error):
            text = "{who} closed the connection without an answer"
        case httpx.RemoteProtocolError() if "peer closed" not in str(error):
            text = "the answer of {who} is not HTTP"
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError() | httpx.CloseError():
            text = "the connection to {who} broke off"
        case _:
            text = f"the request to {{who}} failed ({type(error).__name__})"
    return text.format(who=who)


def _certificate_fault(error: BaseException) -> str | None:
    """What is wrong with the certificate that `error` comes from; None where it is about none."""
    found = _caused_by(error, ssl.SSLCertVerificationError)
    if not isinstance(found, ssl.SSLCertVerificationError):
        return None
    return _CERTIFICATE_FAULTS.get(found.verify_code, f"is not trusted (OpenSSL fault {found.verify_code})")


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> BaseException | None:
    """The error of that kind from which `error` arose, itself included; None without one."""
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None


def _tls(ca_bundle: Path | None) -> ssl.SSLContext:
    # Not create_default_context: from Python 3.13 on it demands certificate extensions that the CAs of
    # many organisations lack and curl does not ask for.
    tls = _no_tls()
    tls.load_default_certs()
    if ca_bundle is not None:
        _trust(tls, ca_bundle)
    return tls


def _trust(tls: ssl.SSLContext, ca_bundle: Path) -> None:
    """Trusts the CAs in the file; OpenSSL itself reads no UTF-16 and no byte order mark."""
    data = text = ca_bundle.read_bytes()
    with suppress(ValueError):  # a comment in another encoding does not matter
        text = utf8(data)
    if text == data:
        tls.load_verify_locations(cafile=ca_bundle)
    else:
        tls.load_verify_locations(cadata=text.decode("ascii", errors="ignore"))


def _no_tls() -> ssl.SSLContext:
    """Trusts nobody; for requests in the clear, where none is used."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
