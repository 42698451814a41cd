"""Clusters of Drycc Workflow as its charts render them, and what no chart's facts say: its image builder."""

from clusters.objects import Manifest, Owner, config_map
from clusters.rendered import rendering

_CREDENTIALS = '{"auths":{"registry.example":{"auth":"credentials-must-not-be-read"}}}'
_IMAGE = "registry.drycc.cc/drycc/imagebuilder:1.3.1"


def drycc(name: str) -> list[Manifest]:
    """The rendering of that name, with the config map that holds credentials beside an image."""
    imagebuilder = config_map(
        Owner("drycc", {"heritage": "drycc"}).metadata("imagebuilder-config"),
        {"images.json": f'[{{"name":"container","image":"{_IMAGE}"}}]', "auths.json": _CREDENTIALS},
    )
    first, *others = rendering(name).manifests()
    return [first, imagebuilder, *others]
