"""Text from outside as it may be shown."""

import json
import unicodedata

import pytest

from workflow_exporter import plain_text
from workflow_exporter.plain_text import blanked, escaped, escaped_json, marked
from workflow_releases import plain_text as of_the_api

UNSEEN = [
    "\x00", "\x1b", "\x7f", "\x9b", "\u00ad", "\u061c", "\u200b", "\u200e", "\u202e", "\u2028", "\u2060",
    "\u2066", "\u3164", "\ufeff", "\ufff9", "\U000e0001", "\U000e0041", "\U000e0100",
]  # fmt: skip
SEEN = "Grüße, 世界 — नमस्ते, שלום, سلام, 2\u00a0% ❤\ufe0f `<b>` \\ \"'"


@pytest.mark.parametrize("char", UNSEEN, ids=ascii)
def test_what_cannot_be_seen_is_spelled_out_blanked_or_marked(char: str) -> None:
    text = f"a{char}b"

    assert escaped(text).isascii()
    assert char not in escaped(text)
    assert blanked(text) == "a b"
    assert marked(text) == "a\ufffdb"
    document = json.dumps({"title": text}, ensure_ascii=False)
    assert char not in escaped_json(document)
    assert json.loads(escaped_json(document)) == {"title": text}


def test_what_can_be_seen_stays() -> None:
    assert escaped(SEEN) == blanked(SEEN) == marked(SEEN) == SEEN
    assert escaped_json(json.dumps(SEEN, ensure_ascii=False)) == json.dumps(SEEN, ensure_ascii=False)


def test_escapes_are_python_s() -> None:
    assert escaped("\x1b[31m\n\u202e\U000e0041\udcff") == r"\x1b[31m\n\u202e\U000e0041\udcff"


def test_line_breaks_stay_on_a_page() -> None:
    assert marked("a\n\tb\r") == "a\n\tb\ufffd"


def test_every_bidirectional_control_is_known() -> None:
    controls = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    found = [chr(code) for code in range(0x110000) if unicodedata.bidirectional(chr(code)) in controls]

    assert len(found) == len(controls)
    assert all(escaped(char) != char for char in found)


def test_both_programs_refuse_the_same_characters() -> None:
    assert (plain_text.CONTROL, plain_text.INVISIBLE) == (of_the_api.CONTROL, of_the_api.INVISIBLE)
