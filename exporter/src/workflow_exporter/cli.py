"""The command line: `workflow-exporter` serves, `workflow-exporter check` prints a table and ends."""

import argparse
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from workflow_exporter import __version__
from workflow_exporter.errors import (
    ClusterError,
    ConnectionSettingsError,
    OutputError,
    ReaderGoneError,
    ReportError,
    SettingsError,
    WorkflowExporterError,
)
from workflow_exporter.logs import configure_logging
from workflow_exporter.plain_text import escaped
from workflow_exporter.setting_rows import SETTINGS
from workflow_exporter.settings import Settings, settings_from_environment, with_catalog
from workflow_exporter.terminal import ExitStatus

if TYPE_CHECKING:  # the last two know all parts, which --help need not wait for
    from _typeshed import SupportsWrite

    from workflow_exporter.app import Patience
    from workflow_exporter.plan import Source

_READER_GONE = 128 + 13  # as shells say: ended by SIGPIPE
_DESCRIPTION = """\
Shows which components of a Workflow platform (Deis, Hephy, Drycc, or your own by profile) run in a
Kubernetes cluster, in which version, and what is outdated or missing. Reads only, and tells nobody.
"""
_EXAMPLES = """\
examples:
  workflow-exporter --kubeconfig ~/.kube/config --catalog hephy.json
      serve the page on port 8080 and /metrics on 8081
  workflow-exporter check --from dump.yaml --catalog catalogs/
      judge what `kubectl get … -o yaml` printed, without a cluster
  workflow-exporter check --catalog https://releases.example.org
      judge the cluster of ~/.kube/config by a releases API
  workflow-exporter report
      print every series that a usage report would hold; nothing is sent
  workflow-exporter check --output json | jq '.components[] | select(.verdict == "outdated")'

exit status of check:
  0 fine   1 something outdated or missing   2 wrong usage, settings or files   3 cannot tell
"""


def main() -> None:
    """The console script's entry."""
    sys.exit(run(sys.argv[1:], os.environ))


def run(
    arguments: Sequence[str], environment: Mapping[str, str], *, patience: "Patience | None" = None
) -> int:
    """Parses, reads the settings, does it; every error that has a sentence ends as that one line.

    `patience` is that of `check`.
    """
    try:
        options = _parser().parse_args(arguments)
        _refuse_empty(options)
        settings = settings_from_environment(environment)
        if options.catalog:
            settings = with_catalog(settings, options.catalog)
        # A table's reader wants the table; whoever sets LOG_LEVEL wants the log too.
        quiet = options.command in {"check", "report"} and not environment.get("LOG_LEVEL")
        configure_logging("warning" if quiet else settings.log_level, settings.log_format)
        return _dispatch(options, settings, patience)
    except ReaderGoneError:
        return _READER_GONE
    except WorkflowExporterError as error:
        _complain(error)
        unread = isinstance(error, ClusterError | ReportError | OutputError) and not isinstance(
            error, ConnectionSettingsError
        )
        return ExitStatus.CANNOT_TELL if unread else ExitStatus.USAGE
    except KeyboardInterrupt:
        return 130  # as shells say: ended by Ctrl-C


def _dispatch(options: argparse.Namespace, settings: Settings, patience: "Patience | None") -> int:
    # Imported here, so that --help and wrong settings answer at once.
    from workflow_exporter import app  # noqa: PLC0415  see above
    from workflow_exporter.plan import Source  # noqa: PLC0415  see above

    if options.recording and (options.kubeconfig or options.context):
        raise SettingsError("--from reads files instead of a cluster: drop it, or --kubeconfig and --context")
    source = Source(
        recording=Path(options.recording) if options.recording else None,
        kubeconfig=Path(options.kubeconfig) if options.kubeconfig else None,
        context=options.context,
    )
    if options.command == "check":
        answer, status = app.check(
            settings,
            source,
            output=options.output,
            everything=options.all,
            colour=_wants_colour(),
            patience=patience,
        )
        _write(answer.encode() if options.output == "json" else answer)
        return status
    if options.command == "report":
        _report(options, settings, source)
        return ExitStatus.FINE
    app.serve(settings, source)
    return ExitStatus.FINE


def _refuse_empty(options: argparse.Namespace) -> None:
    """Raises SettingsError: a shell's variable that is not set would be read as the current folder."""
    given = {"--from": options.recording, "--kubeconfig": options.kubeconfig}
    given |= {"--context": options.context, "--catalog": options.catalog}
    for option, value in given.items():
        if value == "":
            raise SettingsError(f"{option} is empty: give it a value, or leave it out")


def _report(options: argparse.Namespace, settings: Settings, source: "Source") -> None:
    from workflow_exporter import report_command  # noqa: PLC0415  as above

    if options.send:
        _write(report_command.send(settings, source) + "\n")
    elif options.bytes:
        _write(report_command.wire_form(settings, source))
    else:
        _write(report_command.show(settings, source))


def _complain(error: WorkflowExporterError) -> None:
    """One line; where there is no standard error, the exit status must do."""
    if sys.stderr is not None:
        with suppress(OSError):
            sys.stderr.write(f"workflow-exporter: {escaped(str(error))}\n")


def _write(answer: str | bytes) -> None:
    """All of it, now; raises OutputError. What the terminal's encoding lacks is shown as `?`."""
    if sys.stdout is None:
        raise OutputError("the answer cannot be written: standard output is closed")
    try:
        if isinstance(answer, str):
            answer = answer.encode(sys.stdout.encoding, errors="replace")
        sys.stdout.flush()
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    except OSError as error:
        _give_up_standard_output()
        if isinstance(error, BrokenPipeError):
            raise ReaderGoneError from error
        raise OutputError(f"the answer cannot be written: {error.strerror}") from error


def _give_up_standard_output() -> None:
    """So that the interpreter does not try once more at its end, and fail with a traceback."""
    with suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def _wants_colour() -> bool:
    return sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ  # no-color.org


class _Parser(argparse.ArgumentParser):
    """Repeats no control characters of the arguments; tells where a help cannot be written."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        if file is not None and file is sys.stdout:
            _write(message)
        else:
            super()._print_message(message, file)


def _parser() -> argparse.ArgumentParser:
    # Both levels take the source options: `workflow-exporter check --from x` and without `check`.
    parser: argparse.ArgumentParser = _Parser(
        prog="workflow-exporter",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + "\n" + settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_source_options()],
    )
    parser.add_argument("--version", action="version", version=f"workflow-exporter {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser(
        "serve", help="serve page and metrics (the default)", parents=[_source_options(nested=True)]
    )
    check = commands.add_parser(
        "check",
        help="print a table of the components and end",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_source_options(nested=True)],
    )
    check.add_argument("--all", action="store_true", help="also print workloads, services and pods")
    check.add_argument(
        "--output",
        choices=("table", "json"),
        default="table",
        help="json: the document of /api/v1/components",
    )
    report = commands.add_parser(
        "report",
        help="print what a usage report would say and end",
        description="Prints this hour's usage report with its ids. Nothing is sent but with --send.",
        parents=[_source_options(nested=True)],
    )
    form = report.add_mutually_exclusive_group()
    form.add_argument("--bytes", action="store_true", help="write the very bytes that would be sent")
    form.add_argument(
        "--send", action="store_true", help="send it now, once; only where reporting is on, never with --from"
    )
    return parser


def _source_options(*, nested: bool = False) -> argparse.ArgumentParser:
    """Options of every command. In a subcommand their absence must not undo what stood before it."""
    default = argparse.SUPPRESS if nested else None
    options = argparse.ArgumentParser(add_help=False, argument_default=default)
    group = options.add_argument_group("what to read")
    group.add_argument(
        "--from",
        dest="recording",
        metavar="FILE|DIR|-",
        help="what `kubectl get … -o yaml|json` or `kubectl cluster-info dump` printed, instead of a cluster "
        "(-: standard input)",
    )
    group.add_argument("--kubeconfig", metavar="FILE", help="default: $KUBECONFIG, the pod's own token")
    group.add_argument("--context", metavar="NAME", help="context of the kubeconfig")
    group.add_argument(
        "--catalog",
        metavar="FILE|DIR|URL",
        help="catalog of releases, a folder of them (CATALOG_FILE), or a releases API (VERSIONS_API_URL)",
    )
    return options


def settings_help() -> str:
    """The settings table as text for `--help`."""
    lines = ["settings, by environment variable:"]
    for row in SETTINGS:
        default = f" [{row.default}]" if row.default else ""
        aliases = f" Also: {', '.join(row.aliases)}." if row.aliases else ""
        lines.append(f"  {row.name}{default}")
        lines += textwrap.wrap(
            row.meaning + aliases, 100, initial_indent="      ", subsequent_indent="      "
        )
    return "\n".join(lines)
