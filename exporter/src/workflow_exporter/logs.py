"""Logging: one line a record, on standard error, as text for people or JSON for collectors."""

import json
import logging
import sys
from datetime import UTC, datetime

from workflow_exporter.plain_text import escaped, escaped_json


def configure_logging(level: str, log_format: str) -> None:
    """Replaces the root logger's handlers. `level` and `log_format` are the settings' words."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # One line per request to the API server, or per started listener, would drown what matters.
    for library in ("httpx", "httpcore", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)


class TextFormatter(logging.Formatter):
    """`2026-11-23T08:00:00.123Z INFO refresh: text`; line breaks and tabs inside become spaces,
    other control characters and invisible ones are spelled out."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{_moment(record)} {record.levelname} {_area(record)}: {_message(self, record)}"
        return escaped(" ".join(text.split()))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, area, message."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "area": _area(record),
            "message": _message(self, record),
        }
        return escaped_json(json.dumps(entry, ensure_ascii=False))


def _moment(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _area(record: logging.LogRecord) -> str:
    return record.name.removeprefix("workflow_exporter.")


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info:
        text += " | " + formatter.formatException(record.exc_info).replace("\n", " | ")
    return text
