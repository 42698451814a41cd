"""A failed exchange in words fit for the public page. Pure.

Never the library's text: it may hold an address with a password, or what a server made up.
"""

import ssl

import httpx

from workflow_exporter.errors import CatalogUnavailableError
from workflow_exporter.outgoing import caused_by, certificate_fault


def unreachable(error: Exception) -> CatalogUnavailableError:
    """The error that a failed exchange is: one of httpx, ssl or the operating system."""
    fault = certificate_fault(error)
    if fault is not None:
        return CatalogUnavailableError(f"the releases API's certificate {fault}")
    match error:
        case httpx.ConnectTimeout():
            text = "the releases API cannot be reached: no connection in time"
        case httpx.ProxyError():
            text = "the proxy before the releases API refuses"
        case _ if caused_by(error, ssl.SSLError):
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
