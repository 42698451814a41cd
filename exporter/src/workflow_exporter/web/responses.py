"""How documents and errors are put into responses."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

RETRY_AFTER_SECONDS = 3  # a first snapshot takes one to five seconds


def json_response(
    document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        msgspec.json.encode(document), status_code=status, media_type="application/json", headers=headers
    )
