"""The command line: `serve`, what the host of the database may do, and a release pipeline's commands."""

import argparse
import os
from collections.abc import Sequence
from importlib import import_module

from workflow_releases.cli.arguments import parser
from workflow_releases.cli.output import remark
from workflow_releases.errors import (
    DatabaseStateError,
    DatabaseUnavailableError,
    OutputError,
    ReaderGoneError,
    RefusedError,
    ServerError,
    SettingsError,
    SigningKeyError,
)

_READER_GONE = 128 + 13  # as shells say: ended by SIGPIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. 0 done, 1 refused, 2 usage or settings, 3 not now: trying again may work.
    141: nobody reads the answer any more.
    """
    try:
        parsed: argparse.Namespace = parser().parse_args(arguments)
        module, _, function = parsed.run.partition(".")
        run = getattr(import_module(f"{__name__}.{module}"), function)
        status: int = run(parsed, os.environ)
    except RefusedError as error:
        remark(f"workflow-releases: {error}", *(f"  {fault}" for fault in error.faults))
        return 1
    except (SettingsError, SigningKeyError, DatabaseStateError) as error:
        remark(f"workflow-releases: {error}")
        return 2
    except ReaderGoneError:
        return _READER_GONE
    except (DatabaseUnavailableError, ServerError, OutputError) as error:
        remark(f"workflow-releases: {error}")
        return 3
    except KeyboardInterrupt:
        return 130
    return status
