"""`python -m permissions`, with grafana/ on the path: reads the access file and makes Grafana so."""

import argparse
import asyncio
import sys
from pathlib import Path

import httpx

from permissions.access import Access, read_access, read_token
from permissions.apply import apply
from permissions.errors import AccessError, AccessFileError
from permissions.grafana import Grafana

AS_WANTED, FAILED, USAGE, WOULD_CHANGE = 0, 1, 2, 3
_ACCESS_FILE = Path(__file__).with_name("access.json")
_TIMEOUT_SECONDS = 30.0


def main(argv: list[str] | None = None, transport: httpx.AsyncBaseTransport | None = None) -> int:
    """The exit status; `transport` stands in for the network in tests."""
    arguments = _parser().parse_args(argv)
    try:
        access = read_access(arguments.access)
        token = read_token(arguments.token_file)
        changes = asyncio.run(_run(access, arguments.url, token, arguments.dry_run, transport))
    except AccessError as error:
        sys.stderr.write(f"error: {error}\n")
        return USAGE if isinstance(error, AccessFileError) else FAILED
    if not changes:
        sys.stdout.write("nothing to change\n")
    return WOULD_CHANGE if changes and arguments.dry_run else AS_WANTED


async def _run(
    access: Access, url: str, token: str, dry_run: bool, transport: httpx.AsyncBaseTransport | None
) -> int:
    """How many changes there were; each is printed when it has been made."""
    changes = 0
    async with httpx.AsyncClient(
        base_url=url.rstrip("/") + "/",  # Grafana may live under a path
        headers={"Authorization": f"Bearer {token}"},
        timeout=_TIMEOUT_SECONDS,
        transport=transport,
    ) as client:
        async for sentence in apply(access, Grafana(client), dry_run=dry_run):
            sys.stdout.write(f"would change: {sentence}\n" if dry_run else f"{sentence}\n")
            changes += 1
    return changes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m permissions",
        description="Makes teams, folders and their permissions in Grafana as the access file says. "
        "Running it again changes nothing.",
        epilog="Exit status: 0 as wanted, 1 Grafana refused or cannot be reached, 2 usage or a file, "
        "3 a dry run found something to change.",
    )
    parser.add_argument("url", metavar="URL", help="Grafana's address, with its path if it has one")
    parser.add_argument(
        "--token-file",
        type=Path,
        required=True,
        help="file with the token of a service account with the role Admin; never an argument, which "
        "everybody on the machine could read",
    )
    parser.add_argument(
        "--access", type=Path, default=_ACCESS_FILE, help="the access file (default: %(default)s)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
