"""Commands for whoever hosts the database: serve, tokens, keys, the database itself."""

import argparse
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from workflow_releases import app
from workflow_releases.access.tokens import Tokens
from workflow_releases.catalog.key_file import make_key_file, read_key_file
from workflow_releases.cli.output import remark, say, table
from workflow_releases.database import changes, schema
from workflow_releases.database.engine import Database
from workflow_releases.logs import configure_logging
from workflow_releases.settings import Settings, settings_from_environment

_MIGRATION_SECONDS = 300.0  # a statement may rewrite a whole table; as long as the chart gives the whole Job

Environment = Mapping[str, str]


def serve(_arguments: argparse.Namespace, environment: Environment) -> int:
    settings = settings_from_environment(environment)
    configure_logging(settings.log_level, settings.log_format)
    app.run(settings)
    return 0


def token_create(arguments: argparse.Namespace, environment: Environment) -> int:
    """Prints the token alone, so that it can be piped into a secret store."""
    with _Opened(environment) as database:
        say(Tokens(database, app.utc_now).create(arguments.name, arguments.scope))
    remark(f"Token {arguments.name} with scope {', '.join(arguments.scope)}. It is shown this once: keep it.")
    return 0


def token_list(_arguments: argparse.Namespace, environment: Environment) -> int:
    with _Opened(environment) as database:
        tokens = Tokens(database, app.utc_now).all()
    rows = [
        (token.id, token.name, ",".join(token.scopes), _day(token.created), _day(token.revoked))
        for token in tokens
    ]
    table(("ID", "NAME", "SCOPES", "CREATED", "REVOKED"), rows)
    return 0


def token_revoke(arguments: argparse.Namespace, environment: Environment) -> int:
    with _Opened(environment) as database:
        token = Tokens(database, app.utc_now).revoke(arguments.token)
    say(f"token {token.name} ({token.id}) is revoked")
    return 0


def audit(arguments: argparse.Namespace, environment: Environment) -> int:
    with _Opened(environment) as database, database.reading() as connection:
        entries = changes.read_audit(connection, arguments.limit)
    rows = [(_moment(entry.at), entry.actor, entry.action, entry.subject) for entry in entries]
    table(("WHEN", "WHO", "WHAT", "OF WHAT"), rows)
    return 0


def key_create(arguments: argparse.Namespace, _environment: Environment) -> int:
    """Writes the private key for its owner alone, and prints the public one."""
    say(make_key_file(Path(arguments.file)))
    remark(
        f"Private key in {arguments.file}, for CATALOG_SIGNING_KEY_FILE. The line above is the public key, "
        "for agents' CATALOG_PUBLIC_KEYS."
    )
    return 0


def key_show(arguments: argparse.Namespace, _environment: Environment) -> int:
    say(*read_key_file(Path(arguments.file)).public_keys)
    return 0


def database_upgrade(_arguments: argparse.Namespace, environment: Environment) -> int:
    database = Database(_settings(environment).database_url, answer_seconds=_MIGRATION_SECONDS)
    schema.create_file_if_missing(database)
    before, after = schema.upgrade(database)
    database.close()
    say(
        f"{database.place} is at {after}"
        + (f", from {before or 'nothing'}" if before != after else " already")
    )
    return 0


def database_backup(arguments: argparse.Namespace, environment: Environment) -> int:
    with _Opened(environment) as database:
        schema.backup(database, Path(arguments.file))
    say(f"copied {database.place} to {arguments.file}")
    return 0


class _Opened:
    """The database of the settings, checked, and closed at the end."""

    def __init__(self, environment: Environment) -> None:
        self._url = _settings(environment).database_url

    def __enter__(self) -> Database:
        self._database = app.open_database(self._url)
        return self._database

    def __exit__(self, *_exception: object) -> None:
        self._database.close()


def _settings(environment: Environment) -> Settings:
    settings = settings_from_environment(environment)
    configure_logging("warning", settings.log_format)
    return settings


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
