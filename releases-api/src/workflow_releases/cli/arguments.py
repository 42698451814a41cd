"""The commands and their options; `--help` of each says what it does and shows a line to copy."""

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

from workflow_releases import __version__
from workflow_releases.access.scopes import SCOPES
from workflow_releases.cli.output import write
from workflow_releases.plain_text import escaped
from workflow_releases.settings import SETTINGS

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

# argparse has no public name for what add_subparsers gives.
_Commands = argparse._SubParsersAction  # noqa: SLF001 - see above


class _Parser(argparse.ArgumentParser):
    """Repeats no control characters of the arguments; tells where a help cannot be written."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        if file is not None and file is sys.stdout:
            write(message)
        else:
            super()._print_message(message, file)


def parser() -> argparse.ArgumentParser:
    """The whole command line; `run` in what it parses names the command's function, as `module.function` of
    this package: only that module is imported, and a pipeline need not wait for a database's library."""
    top: argparse.ArgumentParser = _Parser(
        prog="workflow-releases",
        description="One authority for a platform's releases: serve catalogs, and publish to them.",
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add(
        commands,
        "serve",
        "local.serve",
        "serve catalogs on PORT and metrics on METRICS_PORT",
        epilog=_settings_help(),
    )
    _add_publish(commands)
    _add_yank(commands)
    _add_notice(commands)
    _add_exchange(commands)
    _add_tokens(commands)
    _add_keys(commands)
    _add_database(commands)
    return top


def _settings_help() -> str:
    lines = ["settings (environment variables):"]
    for row in SETTINGS:
        default = f" Default: {row.default}" if row.default else ""
        lines.append(f"  {row.name}\n      {row.meaning}{default}")
    return "\n".join(lines)


def _add(
    commands: "_Commands[argparse.ArgumentParser]", name: str, run: str, summary: str, *, epilog: str = ""
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def _add_group(
    commands: "_Commands[argparse.ArgumentParser]", name: str, summary: str
) -> "_Commands[argparse.ArgumentParser]":
    group = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    return group.add_subparsers(title="commands", required=True, metavar="COMMAND")


def _connection(command: argparse.ArgumentParser, *, token: bool = True) -> None:
    command.add_argument("--url", help="address of the releases API; else RELEASES_URL")
    if token:
        command.add_argument(
            "--token-file",
            metavar="FILE",
            help="file with the token, - for standard input; else RELEASES_TOKEN",
        )
    command.add_argument(
        "--allow-http", action="store_true", help="send the token over plain http beyond this machine"
    )


def _add_publish(commands: "_Commands[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "publish",
        "remote.publish",
        "publish a release of a component, or with --bundle one of the whole platform",
        epilog="examples:\n"
        "  workflow-releases publish deis router v2.19.0 --security --notes-url https://example.org/2.19\n"
        "  workflow-releases publish deis --bundle v2.19.0 --with router=v2.19.0 --with builder=v2.13.0\n\n"
        "Running it again changes nothing. A published release never changes; see `yank`.",
    )
    command.add_argument("platform")
    command.add_argument("component", nargs="?")
    command.add_argument("version", nargs="?")
    command.add_argument("--train", help="release train; the server's default is stable")
    command.add_argument(
        "--released", metavar="TIME", help="such as 2026-11-23T08:00:00Z; the server's default is now"
    )
    command.add_argument(
        "--security", action="store_true", help="it repairs a security fault: banners turn red"
    )
    command.add_argument("--line", type=int, help="raise it when the component's numbering starts anew")
    command.add_argument(
        "--digest",
        dest="digests",
        action="append",
        default=[],
        metavar="ARCH=SHA256",
        help="image digest, such as amd64=sha256:…",
    )
    command.add_argument("--notes-url", help="https address of the release notes")
    command.add_argument("--bundle", metavar="VERSION", help="a release of the whole platform")
    command.add_argument(
        "--with",
        dest="members",
        action="append",
        default=[],
        metavar="COMPONENT=VERSION",
        help="a member of the bundle",
    )
    command.add_argument(
        "--derived", action="store_true", help="the members follow from a rule, not from a list"
    )
    _connection(command)


def _add_yank(commands: "_Commands[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "yank",
        "remote.yank",
        "take a release back: it stays listed, and is never again the newest",
        epilog="example:\n  workflow-releases yank deis router v2.19.0",
    )
    for name in ("platform", "component", "version"):
        command.add_argument(name)
    command.add_argument("--undo", action="store_true", help="restore it")
    _connection(command)


def _add_notice(commands: "_Commands[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "notice",
        "remote.notice",
        "show operators a notice on their pages, replace one, or delete it",
        epilog="examples:\n"
        "  workflow-releases notice deis router-cve --severity critical --title 'Update' --affects router\n"
        "  workflow-releases notice deis router-cve --delete",
    )
    command.add_argument("platform")
    command.add_argument("id", help="a name of your choice: lower-case letters, digits, . _ -")
    command.add_argument("--severity", choices=("info", "warning", "critical"), default="info")
    command.add_argument("--title")
    command.add_argument("--text", help="plain text; line breaks are kept, markup is shown as it is")
    command.add_argument("--link", metavar="URL", help="https address to read more at")
    command.add_argument("--expires", metavar="TIME")
    command.add_argument("--affects", action="append", default=[], metavar="COMPONENT", help="else everyone")
    command.add_argument("--affects-version", dest="versions", action="append", default=[], metavar="VERSION")
    command.add_argument("--delete", action="store_true")
    _connection(command)


def _add_exchange(commands: "_Commands[argparse.ArgumentParser]") -> None:
    command = _add(
        commands,
        "import",
        "remote.import_",
        "add what a catalog file has and the server lacks",
        epilog="All of it is taken, or nothing: a file that contradicts what is published is refused.",
    )
    command.add_argument("file", help="a catalog; - for standard input")
    _connection(command)
    command = _add(
        commands,
        "export",
        "remote.export",
        "download a catalog, for an air-gapped cluster or as a copy",
        epilog="example:\n"
        "  workflow-releases export deis --output deis.json --never-expires --sign --key-file key.pem",
    )
    command.add_argument("platform")
    command.add_argument("--output", default="-", metavar="FILE", help="default: standard output")
    command.add_argument(
        "--never-expires", action="store_true", help="for a file that nobody will fetch again"
    )
    command.add_argument(
        "--sign", action="store_true", help="write FILE.sig too: the server's signatures, or yours"
    )
    command.add_argument("--key-file", metavar="FILE", help="sign with these private keys")
    _connection(command, token=False)


def _add_tokens(commands: "_Commands[argparse.ArgumentParser]") -> None:
    group = _add_group(commands, "token", "tokens for publishing, in the database of DATABASE_URL")
    command = _add(
        group,
        "create",
        "local.token_create",
        "make a token and print it, this once",
        epilog="example:\n  workflow-releases token create --scope publish release-pipeline > token",
    )
    command.add_argument("name", help="who will use it; the audit trail says so")
    command.add_argument("--scope", action="append", required=True, choices=SCOPES, help="may be given twice")
    _add(group, "list", "local.token_list", "list all tokens, without their secrets")
    command = _add(group, "revoke", "local.token_revoke", "revoke a token, at once and for good")
    command.add_argument("token", metavar="NAME|ID")


def _add_keys(commands: "_Commands[argparse.ArgumentParser]") -> None:
    group = _add_group(commands, "key", "keys that sign catalogs")
    command = _add(
        group,
        "create",
        "local.key_create",
        "write a new Ed25519 private key to a file and print its public key",
        epilog="To rotate: put the new key's PEM below the old one's in CATALOG_SIGNING_KEY_FILE, give\n"
        "agents both public keys, and take the old ones away when all agents have the new.",
    )
    command.add_argument("file", help="must not exist yet")
    command = _add(group, "show", "local.key_show", "print the public keys of a file of private keys")
    command.add_argument("file")


def _add_database(commands: "_Commands[argparse.ArgumentParser]") -> None:
    group = _add_group(commands, "database", "the database of DATABASE_URL")
    _add(
        group,
        "upgrade",
        "local.database_upgrade",
        "bring the schema to what this version needs; `serve` does it for SQLite",
    )
    command = _add(group, "backup", "local.database_backup", "copy a SQLite database while it is in use")
    command.add_argument("file", help="must not exist yet")
    command = _add(commands, "audit", "local.audit", "show who changed what and when, newest last")
    command.add_argument("--limit", type=int, default=50, help="lines; default 50")
