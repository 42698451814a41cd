"""What proves to the receiver who sends."""

import re
from pathlib import Path

from workflow_exporter.errors import ReportError

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")  # what a header can carry as one word, RFC 9110


def bearer_token(file: Path | None, instance_secret: str) -> str:
    """The file's token, read again each time so that it can be replaced; without one, the own secret.

    Raises ReportError: with a file, the secret never goes out in its place.
    """
    if file is None:
        return instance_secret
    try:
        token = file.read_bytes()[:8192].decode("ascii").strip()
    except OSError as error:
        raise ReportError(f"REPORT_BEARER_TOKEN_FILE cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ReportError("REPORT_BEARER_TOKEN_FILE holds something that is not a token") from error
    if not _TOKEN.fullmatch(token):
        raise ReportError("REPORT_BEARER_TOKEN_FILE holds something that is not a token")
    return token
