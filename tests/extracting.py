"""What is extracted of a few manifests."""

from clusters import Manifest, as_running_objects, held
from clusters.objects import Owner, Template, workload
from workflow_exporter.cluster.extract import extract
from workflow_exporter.inventory import (
    Expectation,
    Inventory,
)
from workflow_exporter.platforms.profile import Profile
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = {profile.name: profile for profile in shipped_profiles()}
DEIS = Owner("deis", {"heritage": "deis"})
ANNOTATION = "component.deis.io/version"
LABEL = "app.kubernetes.io/version"


def inventory(*built: Manifest, profile: Profile = PROFILES["deis"]) -> Inventory:
    """What is extracted of a namespace with just these objects, all running."""
    running = as_running_objects(built)
    return extract(held(running, (profile,)), profile, profile.namespace)


def router(
    kind: str = "Deployment",
    *,
    name: str = "deis-router",
    replicas: int = 1,
    annotations: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    image: str = "quay.io/deis/router:v2.13.3",
) -> Manifest:
    template = Template({"app": name, **(labels or {})}, [(name, image)])
    return workload(
        kind, DEIS.metadata(name, annotations), template, replicas=replicas, selector={"app": name}
    )


def expectation(found: Inventory, component: str) -> Expectation | None:
    return next((one for one in found.expectations if one.component == component), None)
