"""Grafana's HTTP API for teams and folders, as documented for versions 10 to 13: just what is needed of it.

https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/ (team, folder,
folder permissions). Answers are decoded into the fields in use; others may come and go.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from permissions.errors import GrafanaError

_Answer = TypeVar("_Answer")


class Team(msgspec.Struct, frozen=True):
    """Teams are known by a number that differs between Grafanas, so they are looked up by name."""

    id: int
    name: str


class _Teams(msgspec.Struct, frozen=True):
    teams: tuple[Team, ...]


class _Created(msgspec.Struct, frozen=True, rename={"team_id": "teamId"}):
    team_id: int


class Folder(msgspec.Struct, frozen=True):
    """A folder as it is."""

    uid: str
    title: str


class Permission(msgspec.Struct, frozen=True, rename="camel"):
    """One line of who may do what; zeros and empty words stand for "not this kind"."""

    permission: int
    role: str = ""
    team_id: int = 0
    user_id: int = 0
    inherited: bool = False


class _Message(msgspec.Struct, frozen=True):
    message: str = ""


class Grafana:
    """One Grafana, as the service account of the client's token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def team(self, name: str) -> Team | None:
        """None: there is none of this name."""
        answer = await self._send("GET", "api/teams/search", absent=404, params={"name": name})
        if answer is None:
            return None
        found = _decode(answer, _Teams).teams
        return next((team for team in found if team.name == name), None)  # the search ignores case

    async def create_team(self, name: str) -> Team:
        answer = await self._expect("POST", "api/teams", {"name": name})
        return Team(_decode(answer, _Created).team_id, name)

    async def folder(self, uid: str) -> Folder | None:
        answer = await self._send("GET", f"api/folders/{uid}", absent=404)
        return None if answer is None else _decode(answer, Folder)

    async def create_folder(self, uid: str, title: str) -> None:
        await self._expect("POST", "api/folders", {"uid": uid, "title": title})

    async def permissions(self, uid: str) -> tuple[Permission, ...]:
        answer = await self._expect("GET", f"api/folders/{uid}/permissions")
        return _decode(answer, tuple[Permission, ...])

    async def set_permissions(self, uid: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Replaces all of them: who is not among `items` loses what they had."""
        await self._expect("POST", f"api/folders/{uid}/permissions", {"items": list(items)})

    async def _expect(self, method: str, path: str, document: Any = None) -> httpx.Response:
        answer = await self._send(method, path, document)
        if answer is None:
            raise AssertionError("only a request that may find nothing can answer None")
        return answer

    async def _send(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        absent: int | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """The answer; None for the status `absent`. Raises GrafanaError with Grafana's own words."""
        try:
            answer = await self._client.request(method, path, json=document, params=params)
        except httpx.HTTPError as error:
            raise GrafanaError(f"{self._client.base_url}: {str(error) or type(error).__name__}") from error
        if answer.status_code == absent:
            return None
        if answer.status_code != 200:
            raise GrafanaError(f"{method} /{path}: {answer.status_code} {_words_of(answer)}".rstrip())
        return answer


def _decode(answer: httpx.Response, kind: type[_Answer]) -> _Answer:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        raise GrafanaError(f"{answer.request.method} {answer.request.url.path}: {error}") from error


def _words_of(answer: httpx.Response) -> str:
    """Grafana's sentence, and what it usually means."""
    try:
        words = msgspec.json.decode(answer.content, type=_Message).message
    except msgspec.MsgspecError:
        words = ""  # a proxy's page, perhaps
    meaning = {
        401: "(is the token a service account's, and not expired?)",
        403: "(the service account needs the role Admin)",
        302: "(is this Grafana's address, with its path?)",
        404: "(is this Grafana's address, with its path?)",
    }.get(answer.status_code, "")
    return f"{words} {meaning}".strip()
