"""The OpenAPI file, as JSON."""

from functools import cache
from importlib import resources

import msgspec
import yaml


@cache
def openapi_document() -> bytes:
    """openapi.yaml as JSON. Read when first asked for: parsing YAML would slow every start."""
    text = resources.files("workflow_exporter.web").joinpath("openapi.yaml").read_text("utf-8")
    return msgspec.json.encode(yaml.safe_load(text))
