"""What must change, one line each, and the change itself unless it is a dry run."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from permissions.access import Access, Folder
from permissions.grafana import Grafana, Permission

_UNKNOWN = 0  # the number of a team that a dry run did not make

Wanted = Mapping[tuple[str, str | int], int]  # ("role", name) or ("team", number) -> level


async def apply(access: Access, grafana: Grafana, *, dry_run: bool) -> AsyncIterator[str]:
    """Makes Grafana as `access` says, teams first; yields a sentence for each change, when it is made."""
    numbers = {}
    for name in access.teams:
        team = await grafana.team(name)
        if team is None:
            team = None if dry_run else await grafana.create_team(name)
            yield f"team {name!r}: created"
        numbers[name] = team.id if team else _UNKNOWN
    for folder in access.folders:
        found = await grafana.folder(folder.uid)
        if found is None:
            if not dry_run:
                await grafana.create_folder(folder.uid, folder.title)
            yield f"folder {folder.title!r} ({folder.uid}): created"
        wanted = wanted_of(folder, numbers)
        held = () if found is None and dry_run else await grafana.permissions(folder.uid)
        if held_of(held) != wanted:
            if not dry_run:
                await grafana.set_permissions(folder.uid, items_of(wanted))
            yield f"folder {folder.title!r} ({folder.uid}): {words_of(folder)}"


def wanted_of(folder: Folder, numbers: Mapping[str, int]) -> Wanted:
    """What the folder's permissions shall be; `numbers` are the teams' ids by name."""
    return {
        ("team", numbers[grant.team]) if grant.team is not None else ("role", str(grant.role)): (
            grant.level.value
        )
        for grant in folder.access
    }


def held_of(permissions: tuple[Permission, ...]) -> Mapping[tuple[str, str | int], int]:
    """What they are. Administrators' is not ours to give or take, nor what comes from a folder above.

    A user's is kept in view: whoever made the folder by hand has it, and was not asked for.
    """
    held: dict[tuple[str, str | int], int] = {}
    for one in permissions:
        if one.inherited or one.role == "Admin":
            continue
        if one.role:
            held["role", one.role] = one.permission
        elif one.team_id:
            held["team", one.team_id] = one.permission
        else:
            held["user", one.user_id] = one.permission
    return held


def items_of(wanted: Wanted) -> list[dict[str, Any]]:
    """As Grafana's API takes them."""
    return [
        {"role" if kind == "role" else "teamId": who, "permission": level}
        for (kind, who), level in wanted.items()
    ]


def words_of(folder: Folder) -> str:
    """`Viewer may view, team 'Staff' may edit`; nobody but administrators where nothing is granted."""
    said = [
        f"{grant.role} may {grant.may}" if grant.team is None else f"team {grant.team!r} may {grant.may}"
        for grant in folder.access
    ]
    return ", ".join(said) or "nobody but administrators"
