"""What proves to the receiver who sends."""

import re
from pathlib import Path

from workflow_exporter.errors import ReportError
from workflow_exporter.text_encoding import utf8

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")  # what a header can carry as one word, RFC 9110


def bearer_token(file: Path | None, instance_secret: str) -> str:
    """The file's token, read again each time so that it can be replaced; without one, the own secret.

    Raises ReportError: with a file, the secret never goes out in its place.
    """
    if file is None:
        return instance_secret
    try:
        token = utf8(file.read_bytes()[:8192]).decode().strip()
    except OSError as error:
        raise ReportError(f"REPORT_BEARER_TOKEN_FILE cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ReportError(f"REPORT_BEARER_TOKEN_FILE {error}") from error
    if not _TOKEN.fullmatch(token):
        raise ReportError("REPORT_BEARER_TOKEN_FILE holds something that is not a token")
    return token
