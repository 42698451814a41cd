"""Every error this program raises on purpose.

    WorkflowExporterError
    ├── SettingsError           a setting is wrong: one line, exit status 2
    ├── ProfileError            a platform profile is unusable
    ├── ImageReferenceError     not an OCI image reference
    ├── VersionError            not SemVer 2.0 with an optional leading v
    ├── CatalogError            a catalog that must not be believed; carries why
    │   └── CatalogUnavailableError  there is none: missing file, server down
    ├── ClusterError            a Kubernetes resource cannot be read; carries why
    │   └── ConnectionSettingsError   no usable kubeconfig or in-cluster credentials
    ├── OutputError             standard output does not take the answer; exit status 3
    │   └── ReaderGoneError     nobody reads it any more; exit status 141, without a word
    ├── ReportError             a report cannot be sent this time; carries why
    └── RecordingError          a file given by --from is not what kubectl prints

Errors of libraries are wrapped where they arise, with `raise … from`.
"""


class WorkflowExporterError(Exception):
    """Base of all errors below; its text is one line that an operator can act on."""


class SettingsError(WorkflowExporterError):
    """A setting has a value that the program cannot start with."""


class ProfileError(WorkflowExporterError):
    """A platform profile is not readable or contradicts itself."""


class ImageReferenceError(WorkflowExporterError, ValueError):
    """Text that the OCI distribution grammar does not allow as an image reference."""


class VersionError(WorkflowExporterError, ValueError):
    """Text that is not a SemVer 2.0 version with an optional leading v."""


class CatalogError(WorkflowExporterError):
    """A catalog was refused: not JSON, wrong schema, wrong platform, older than the one held, …"""


class CatalogUnavailableError(CatalogError):
    """There is no catalog to judge: the file is missing, or the server did not answer."""

    def __init__(self, reason: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_seconds = (
            retry_after_seconds  # when the server wants to be asked again; None: no say
        )


class ClusterError(WorkflowExporterError):
    """A Kubernetes resource could not be read; the text is the reason shown to the operator."""


class ConnectionSettingsError(ClusterError):
    """Neither a kubeconfig nor in-cluster credentials gave a usable connection.

    The text may name users, files and the server: for the terminal and the log, never for the page.
    """


class RecordingError(WorkflowExporterError):
    """A file given instead of a cluster is not what `kubectl get -o yaml|json` prints."""


class OutputError(WorkflowExporterError):
    """Standard output does not take what it should."""


class ReaderGoneError(OutputError):
    """What standard output was connected to has ended, as `head` does."""


class ReportError(WorkflowExporterError):
    """A report could not be sent this time; the text is fit for the public page."""
