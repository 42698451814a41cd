"""The access file and the token's file: what they may say."""

from pathlib import Path

import pytest

from permissions.access import Access, Folder, Grant, Level, read_access, read_token
from permissions.errors import AccessFileError

_GOOD = (
    '{"teams": ["Staff"], "folders": ['
    '{"uid": "a", "title": "A", "access": [{"team": "Staff", "may": "edit"}]}'
    "]}"
)


def _written(folder: Path, text: str) -> Path:
    file = folder / "access.json"
    file.write_text(text)
    return file


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    access = read_access(_written(tmp_path, _GOOD))

    assert access == Access(("Staff",), (Folder("a", "A", (Grant("edit", team="Staff"),)),))
    assert access.folders[0].access[0].level is Level.EDIT


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "truncated"),
        ('{"teams": []}', "missing required field `folders`"),
        (_GOOD.replace("edit", "own"), "Invalid enum value 'own'"),
        (_GOOD.replace('"team"', '"tem"'), "unknown field `tem`"),
        (_GOOD.replace('"team": "Staff"', '"role": "Admin"'), "Invalid enum value 'Admin'"),
        (_GOOD.replace('"team": "Staff", ', ""), "folder a: each access names a team or a role"),
        (_GOOD.replace('"may"', '"role": "Viewer", "may"'), "folder a: each access names a team or a role"),
        (_GOOD.replace('"team": "Staff"', '"team": "Stuff"'), "folder a: 'Stuff' is not among the teams"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(text: str, words: str, tmp_path: Path) -> None:
    file = _written(tmp_path, text)

    with pytest.raises(AccessFileError) as refused:
        read_access(file)

    assert str(refused.value).startswith(f"{file}: ")
    assert words in str(refused.value)


def test_a_token_is_the_only_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("glsa_x\n")

    assert read_token(file) == "glsa_x"


@pytest.mark.parametrize("content", ["", "\n", "one\ntwo\n", "two words", "umläut"])
def test_what_is_no_token_is_refused_without_repeating_it(content: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(content)

    with pytest.raises(AccessFileError) as refused:
        read_token(file)

    assert str(refused.value) == f"{file}: not a token"
