"""What can go wrong between the agent and the API server, each with a reason fit for the public page.

    ClusterError
    ├── RefusedError        the server answered with an error
    ├── UnreachableError    no answer, or a broken one: network, TLS, deadline
    └── BadAnswerError      an answer that is not what the API promises

Reasons are the agent's own words, on the page and in the log: a server's message names users, hosts and
rules, and a proxy's may repeat the request's token.
"""

import ssl

import httpx
import msgspec

from workflow_exporter.cluster.addresses import Address
from workflow_exporter.errors import ClusterError

# What decoding may raise: msgspec's errors are ValueErrors, and nesting has no bound.
UNREADABLE = (ValueError, RecursionError)

# `metav1.StatusReason`, staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go.
_REASON_WORDS = frozenset(
    [
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "AlreadyExists",
        "Conflict",
        "Gone",
        "Invalid",
        "ServerTimeout",
        "StoreReadError",
        "Timeout",
        "TooManyRequests",
        "BadRequest",
        "MethodNotAllowed",
        "NotAcceptable",
        "RequestEntityTooLarge",
        "UnsupportedMediaType",
        "InternalError",
        "Expired",
        "ServiceUnavailable",
    ]
)


class RefusedError(ClusterError):
    """The API server said no."""

    def __init__(self, reason: str, *, status: int, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.status = status  # HTTP's, or `code` of an ERROR event
        self.retry_after_seconds = retry_after_seconds


class UnreachableError(ClusterError):
    """There was no answer, or it broke off."""


class BadAnswerError(ClusterError):
    """The answer is not what the Kubernetes API promises."""


class Status(msgspec.Struct, frozen=True):
    """What is read of `metav1.Status`, the body of every error."""

    code: int = 0
    reason: str = ""


def refused(verb: str, address: Address, response: httpx.Response, body: bytes) -> RefusedError:
    """The error that an HTTP answer of status 300 or more is."""
    return refused_by_status(verb, address, _status(response, body), _retry_after(response))


def refused_by_status(
    verb: str, address: Address, status: Status, retry_after_seconds: float | None = None
) -> RefusedError:
    match status.code:
        case 401:
            reason = "the API server does not accept the credentials (401): they expired or were revoked"
        case 403:
            reason = f"forbidden: no role allows to {verb} {address.words} (403)"
        case 404:
            reason = f"{address.words}: not found (404)"
        case code:
            word = f" {status.reason}" if status.reason in _REASON_WORDS else ""
            reason = f"the API server answered {code}{word} to {verb} {address.words}"
    return RefusedError(reason, status=status.code, retry_after_seconds=retry_after_seconds)


def unreachable(error: httpx.HTTPError | ssl.SSLError, silence_seconds: float) -> UnreachableError:
    """The error that a failed exchange is.

    Never the library's text: it may hold an address or a header.
    """
    if _caused_by_certificate(error):
        return UnreachableError("the API server's certificate is not trusted: wrong CA, name or date")
    match error:
        case httpx.ReadTimeout():
            text = f"the API server hangs: nothing was heard for {silence_seconds:g} s"
        case httpx.ConnectTimeout():
            text = "the API server cannot be reached: no connection in time"
        case httpx.ProxyError():
            text = "the proxy before the API server refuses"
        case httpx.ConnectError():
            text = "the API server cannot be reached: connection refused, or no such address"
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError() | httpx.CloseError():
            text = "the connection to the API server broke off"
        case _:
            text = f"the request to the API server failed ({type(error).__name__})"
    return UnreachableError(text)


def _status(response: httpx.Response, body: bytes) -> Status:
    try:
        status = msgspec.json.decode(body, type=Status)
    except UNREADABLE:  # `404 page not found`, or a proxy's page
        status = Status()
    return Status(response.status_code, status.reason)


def _retry_after(response: httpx.Response) -> float | None:
    """Kubernetes sends seconds; the form with a date is not used by it."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _caused_by_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
