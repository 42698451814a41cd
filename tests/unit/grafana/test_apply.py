"""What a folder's permissions shall be, are, and how they are told to Grafana."""

from permissions.access import Folder, Grant
from permissions.apply import held_of, items_of, wanted_of, words_of
from permissions.grafana import Permission

_FOLDER = Folder("a", "A", (Grant("view", role="Viewer"), Grant("edit", team="Staff")))


def test_wanted_is_a_level_for_each_role_and_team() -> None:
    assert wanted_of(_FOLDER, {"Staff": 4}) == {("role", "Viewer"): 1, ("team", 4): 2}


def test_items_are_as_grafana_takes_them() -> None:
    assert items_of({("role", "Viewer"): 1, ("team", 4): 2}) == [
        {"role": "Viewer", "permission": 1},
        {"teamId": 4, "permission": 2},
    ]


def test_what_is_inherited_or_the_administrators_is_not_held() -> None:
    held = held_of(
        (
            Permission(4, role="Admin"),
            Permission(2, role="Editor", inherited=True),
            Permission(1, role="Viewer"),
            Permission(2, team_id=4),
            Permission(4, user_id=9),
        )
    )

    assert held == {("role", "Viewer"): 1, ("team", 4): 2, ("user", 9): 4}


def test_words_say_who_may_what() -> None:
    assert words_of(_FOLDER) == "Viewer may view, team 'Staff' may edit"
    assert words_of(Folder("a", "A", ())) == "nobody but administrators"
