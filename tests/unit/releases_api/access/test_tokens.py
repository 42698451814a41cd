"""Tokens: shown once, kept as a hash, refused without saying why."""

import re
from pathlib import Path

import pytest

from releases_factories import NOW, clock
from workflow_releases.access.tokens import Token, Tokens
from workflow_releases.database.engine import Database
from workflow_releases.errors import ForbiddenError, SettingsError, UnauthorizedError

UNKNOWN = "the token is unknown or was revoked"
NEEDED = "a bearer token is needed: Authorization: Bearer wfr_…"


def test_token_opens_what_its_scope_says(store: Database) -> None:
    tokens = Tokens(store, clock)
    token = tokens.create("release pipeline", ["publish"])

    assert re.fullmatch(r"wfr_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", token)
    assert tokens.authorize(f"Bearer {token}", "publish") == "release pipeline"
    assert tokens.authorize(f"bearer  {token} ", "publish") == "release pipeline"
    with pytest.raises(ForbiddenError, match="lacks the scope audience"):
        tokens.authorize(f"Bearer {token}", "audience")


def test_every_wrong_token_is_refused_in_the_same_words(store: Database) -> None:
    tokens = Tokens(store, clock)
    token = tokens.create("ci", ["publish"])
    revoked = tokens.create("old", ["publish"])
    tokens.revoke("old")
    head, token_id, secret = token.split("_", 2)
    swapped = f"{head}_{revoked.split('_', 2)[1]}_{secret}"
    unknown_id = f"{head}_{'0' * 12}_{secret}"
    wrong_secret = f"{head}_{token_id}_{'A' * 43}"

    for wrong in (
        wrong_secret,
        unknown_id,
        swapped,
        revoked,
        "x",
        token[:-1],
        f"{token}A",
        "é" * 30,
        "wfr__",
    ):
        with pytest.raises(UnauthorizedError, match=f"^{UNKNOWN}$"):
            tokens.authorize(f"Bearer {wrong}", "publish")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token x"])
def test_missing_token_is_asked_for(store: Database, header: str | None) -> None:
    with pytest.raises(UnauthorizedError) as refused:
        Tokens(store, clock).authorize(header, "publish")

    assert str(refused.value) == NEEDED


def test_secret_is_nowhere_in_the_database(store: Database) -> None:
    token = Tokens(store, clock).create("ci", ["publish"])
    secret = token.split("_", 2)[2].encode()
    store.close()

    assert store.path is not None
    for path in Path(store.path.parent).iterdir():
        assert secret not in path.read_bytes()


def test_list_tells_everything_but_the_secret(store: Database) -> None:
    tokens = Tokens(store, clock)
    token_id = tokens.create("ci", ["audience", "publish", "publish"]).split("_")[1]
    assert tokens.all() == [Token(token_id, "ci", ("publish", "audience"), NOW, None)]

    revoked = Token(token_id, "ci", ("publish", "audience"), NOW, NOW)
    assert tokens.revoke(token_id) == revoked
    assert tokens.revoke("ci") == revoked  # again: nothing happens
    assert tokens.all() == [revoked]


@pytest.mark.parametrize(
    ("name", "scopes", "error"),
    [
        ("ci", ["publish"], "there is a token named ci already"),
        ("", ["publish"], "is not a name"),
        ("a\nb", ["publish"], "is not a name"),
        ("x" * 65, ["publish"], "is not a name"),
        ("new", ["admin"], "scope admin: the scopes are publish, audience"),
        ("new", [], r"scope \(none\)"),
    ],
)
def test_token_that_cannot_be_is_refused(store: Database, name: str, scopes: list[str], error: str) -> None:
    tokens = Tokens(store, clock)
    tokens.create("ci", ["publish"])

    with pytest.raises(SettingsError, match=error):
        tokens.create(name, scopes)


def test_revoking_what_does_not_exist_says_where_to_look(store: Database) -> None:
    with pytest.raises(SettingsError, match="there is no token nobody: see workflow-releases token list"):
        Tokens(store, clock).revoke("nobody")
