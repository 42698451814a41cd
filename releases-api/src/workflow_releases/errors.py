"""Every error this program raises on purpose.

    WorkflowReleasesError
    ├── SettingsError             a setting or an argument is wrong: one line, exit status 2
    ├── DatabaseStateError        the schema is not what this program needs; the text says what to do
    ├── DatabaseUnavailableError  locked, full, gone: writing is refused for now, reading goes on
    ├── SigningKeyError           a key file holds no Ed25519 private key
    ├── OutputError               standard output does not take the answer
    │   └── ReaderGoneError           nobody reads it any more
    ├── VersionError              not SemVer 2.0 with an optional leading v
    ├── ServerError               the command line found no answer it can use; trying again may work
    └── RefusedError              a request is refused; carries the path of each fault
        ├── MalformedError            not JSON at all
        ├── InvalidError              JSON, but not what this route takes
        ├── NotFoundError             no such platform, component, release, notice, instance
        ├── ConflictError             contradicts what is published, which never changes
        ├── UnauthorizedError         no token, or one that is unknown or revoked
        ├── ForbiddenError            the token lacks the scope
        ├── MissingPreconditionError  If-Match: * and nothing is there
        ├── TooLargeError             body beyond the route's cap
        ├── TooSlowError              body did not arrive in time
        └── UnsupportedBodyError      a content type or encoding that no route takes

Errors of libraries are wrapped where they arise, with `raise … from`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: `path` as in `components.router.releases[3].version`; empty: the whole body."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class WorkflowReleasesError(Exception):
    """Base of all errors below; its text is one line that a person can act on."""


class SettingsError(WorkflowReleasesError):
    """A setting has a value that the program cannot start with."""


class DatabaseStateError(WorkflowReleasesError):
    """The database's schema is older, newer, or broken; the text says what to do."""


class DatabaseUnavailableError(WorkflowReleasesError):
    """The database cannot be used at the moment; a change may have been stored, and may be repeated."""


class SigningKeyError(WorkflowReleasesError):
    """A file holds no usable Ed25519 private key."""


class VersionError(WorkflowReleasesError, ValueError):
    """Text that is not a SemVer 2.0 version with an optional leading v."""


class OutputError(WorkflowReleasesError):
    """Standard output does not take what it should."""


class ReaderGoneError(OutputError):
    """What standard output was connected to has ended, as `head` does."""


class ServerError(WorkflowReleasesError):
    """The server did not answer, or answered with an error of its own."""


class RefusedError(WorkflowReleasesError):
    """A request that is refused, with the reasons."""

    def __init__(self, text: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(text)
        self.faults = tuple(faults)


class MalformedError(RefusedError):
    """The body is not JSON."""


class InvalidError(RefusedError):
    """The body is JSON, but not what is taken here."""


class NotFoundError(RefusedError):
    """What the path names does not exist."""


class ConflictError(RefusedError):
    """What is published says otherwise, and it never changes."""


class UnauthorizedError(RefusedError):
    """No valid token."""


class ForbiddenError(RefusedError):
    """A valid token without the scope."""


class MissingPreconditionError(RefusedError):
    """The request is about something that must exist, and it does not."""


class TooLargeError(RefusedError):
    """The body is larger than the route takes."""


class TooSlowError(RefusedError):
    """The body did not arrive in time."""


class UnsupportedBodyError(RefusedError):
    """The body is announced as something that no route takes."""
