"""Clusters of Drycc Workflow as its charts render them, and what no chart's facts say: its image builder."""

import json

from clusters.objects import Manifest, Owner, config_map
from clusters.rendered import rendering

_CREDENTIALS = '{"auths":{"registry.example":{"auth":"credentials-must-not-be-read"}}}'
# The chart of v1.8.1 has a placeholder for storage, whose only stable tag before that release is this.
_STORAGE = (":9.9.9", ":4.0.1")
_IMAGE = "registry.drycc.cc/drycc/imagebuilder:1.3.1"


def drycc(name: str) -> list[Manifest]:
    """The rendering of that name, with the config map that holds credentials beside an image."""
    imagebuilder = config_map(
        Owner("drycc", {"heritage": "drycc"}).metadata("imagebuilder-config"),
        {"images.json": f'[{{"name":"container","image":"{_IMAGE}"}}]', "auths.json": _CREDENTIALS},
    )
    manifests = json.dumps(rendering(name).manifests()).replace(*_STORAGE)
    first, *others = json.loads(manifests)
    return [first, imagebuilder, *others]
