import json
import logging

import pytest

from workflow_exporter.logs import JsonFormatter, TextFormatter


def record(message: str, *args: object, name: str = "workflow_exporter.refresh") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, None)
    made.created = 1479802800.5
    return made


def test_a_text_line_has_moment_level_area_and_message() -> None:
    assert TextFormatter().format(record("nodes: %s", "forbidden")) == (
        "2016-11-22T08:20:00.500Z WARNING refresh: nodes: forbidden"
    )


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\r\nb"])
def test_text_that_breaks_lines_cannot_forge_one(text: str) -> None:
    assert TextFormatter().format(record("%s", text)).endswith(" refresh: a b")


def test_a_json_line_is_one_object() -> None:
    line = JsonFormatter().format(record("a\nb"))

    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2016-11-22T08:20:00.500Z",
        "level": "warning",
        "area": "refresh",
        "message": "a\nb",
    }


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_text_that_steers_a_terminal_is_spelled_out(formatter: logging.Formatter) -> None:
    line = formatter.format(record("plug-in says %s", "\x1b[2J\x9b31m\u202eevil\U000e0041"))

    assert line.isascii()
    assert line.isprintable()
    assert "u202eevil" in line
