"""What the public listener lets out: every string of a snapshot bears a marker, and few may be seen."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import msgspec
import pytest

import factories as make
import snapshots
from true_clusters import NOW
from web_client import PUBLIC_PATHS, ask, metrics, public
from workflow_exporter.catalog import EndOfLife, Successor
from workflow_exporter.freshness import Newest, Observed
from workflow_exporter.inventory import Leftover
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.disclosure import HIDDEN, UNREADABLE_IMAGE, disclose, without_registry

# The fields of a snapshot whose text may be read by anybody who can reach the page.
PUBLIC_FIELDS = {
    "inventory.platform",
    "inventory.platform_title",
    "inventory.namespace",
    "inventory.cluster.kubernetes_version",
    "inventory.leftovers.component",
    "inventory.leftovers.name",
    "inventory.services.component",
    "inventory.services.name",
    "inventory.services.ports.name",
    "inventory.services.ports.protocol",
    "inventory.services.type",
    "inventory.workloads.component",
    "inventory.workloads.containers.name",
    "inventory.workloads.declared",
    "inventory.workloads.name",
    "inventory.workloads.pods.containers.digest",
    "inventory.workloads.pods.containers.name",
    "inventory.workloads.pods.name",
    "inventory.workloads.pods.phase",
    "inventory.nodes.architecture",
    "inventory.nodes.container_runtime_version",
    "inventory.nodes.kubelet_version",
    "inventory.nodes.os_image",
    "components.component",
    "components.newest.major",
    "components.newest.minor",
    "components.newest.patch",
    "components.notes_url",
    "components.observed.declared",
    "components.observed.running",
    "components.observed.template",
    "components.reason",
    "components.title",
    "components.version",
    "components.workloads.version",
    "components.workloads.workload.containers.name",
    "components.workloads.workload.name",
    "unobserved",
    "bundle.newest",
    "bundle.notes_url",
    "bundle.train",
    "bundle.version",
    "catalog.end_of_life.text",
    "catalog.notices.id",
    "catalog.notices.text",
    "catalog.notices.title",
    "catalog.notices.url",
    "catalog.problem",
    "catalog.successor.platform",
    "catalog.successor.title",
    "catalog.successor.url",
    "catalog.title",
    "sources.reason",
    "sources.source",
    "identity_problem",
    "modes",
}
LOCAL_ID_PATHS = ("/components", "/id")


class Marked:
    """Rebuilds a value with a marker for each string, and remembers which field each one stands for."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def value(self, value: Any, path: str) -> Any:
        if isinstance(value, Enum) or not isinstance(value, (str, tuple, dict, msgspec.Struct)):
            if is_dataclass(value) and not isinstance(value, type):
                names = (field.name for field in fields(value))
                return replace(value, **{n: self.value(getattr(value, n), f"{path}.{n}") for n in names})
            return value
        if isinstance(value, str):
            return self.text(path.removeprefix("."))
        if isinstance(value, tuple):
            return tuple(self.value(item, path) for item in value)
        if isinstance(value, dict):
            return {key: self.value(item, path) for key, item in value.items()}
        changes = {n: self.value(getattr(value, n), f"{path}.{n}") for n in value.__struct_fields__}
        return msgspec.structs.replace(value, **changes)

    def text(self, path: str) -> str:
        marker = f"mark{len(self.fields):04d}x"
        self.fields[marker] = path
        if path.endswith("url"):
            return f"https://{marker}.example.com/"
        if path.endswith("image"):
            self.fields[f"inner{marker}"] = path
            return f"{marker}.example.com:5000/inner{marker}.example.com/deis/builder:v1"
        if path in ("bundle.version", "bundle.newest"):  # only a newer one is worth its notes
            return f"v{1 if path.endswith('version') else 2}.0.0-{marker}"
        return marker

    def seen_in(self, text: str) -> Iterator[str]:
        for marker in re.findall(r"(?:inner)?mark\d{4}x", text):
            yield self.fields[marker]


def everything() -> Snapshot:
    """A snapshot in which no field is empty."""
    snapshot = snapshots.security()
    first = replace(
        snapshot.components[0],
        reason="why",
        newest=Newest("v1", "v2", "v3"),
        notes_url="https://example.com",
    )
    return replace(
        snapshot,
        components=(first, *snapshot.components[1:]),
        inventory=replace(snapshot.inventory, leftovers=(Leftover("deis-router", "router", 0),)),
        unobserved=("imagebuilder",),
        catalog=replace(
            snapshot.catalog,
            problem="no catalog",
            end_of_life=EndOfLife(date=NOW, text="ended"),
            successor=Successor(platform="hephy", title="Hephy", url="https://example.com"),
        ),
        sources=tuple(replace(state, reason="slow") for state in snapshot.sources),
        identity_problem="none",
    )


@pytest.mark.anyio
@pytest.mark.parametrize("path", PUBLIC_PATHS)
async def test_only_fields_meant_for_the_public_are_seen_there(path: str) -> None:
    marked = Marked()
    snapshot = marked.value(everything(), "")

    response = await ask(public(snapshot), path)

    local_id = {"identity.local_id"} if path in LOCAL_ID_PATHS else set()
    assert response.status_code == 200
    assert set(marked.seen_in(response.text + str(response.headers))) - PUBLIC_FIELDS <= local_id


@pytest.mark.anyio
async def test_every_field_listed_as_public_is_really_shown_somewhere() -> None:
    marked = Marked()
    app = public(marked.value(everything(), ""))

    seen = {field for path in PUBLIC_PATHS for field in marked.seen_in((await ask(app, path)).text)}

    assert seen == PUBLIC_FIELDS | {"identity.local_id"}


@pytest.mark.anyio
async def test_metrics_listener_shows_node_names_and_registries_but_no_id() -> None:
    marked = Marked()
    app = metrics(marked.value(everything(), ""))

    paths = ("/api/v1/nodes", "/api/v1/workloads", "/api/v1/status", "/api/v1/components")
    seen = {field for path in paths for field in marked.seen_in((await ask(app, path)).text)}

    assert {"inventory.nodes.name", "inventory.workloads.containers.image"} <= seen
    assert not {field for field in seen if "uid" in field or field.startswith("identity.")}


def test_reasons_that_quote_a_hidden_name_have_it_masked() -> None:
    ids = make.identity()
    quoted = (
        "node-0001 at registry.internal.example.com:5000/hephy/router:v1, also on "
        f"registry.internal.example.com, {ids.cluster_id}, {ids.instance_id}, "
        "uid 11111111-1111-4111-8111-111111111111. Not node-00012."
    )
    snapshot = snapshots.outdated()
    snapshot = replace(
        snapshot,
        components=(replace(snapshot.components[0], reason=quoted), *snapshot.components[1:]),
        sources=(make.source_state(up=False, reason=quoted),),
        catalog=replace(snapshot.catalog, problem=quoted),
        identity_problem=quoted,
        modes={"checks": quoted},
    )

    shown = disclose(snapshot).snapshot

    masked = (
        f"{HIDDEN} at {HIDDEN}/hephy/router:v1, also on {HIDDEN}, {HIDDEN}, {HIDDEN}, uid {HIDDEN}. "
        "Not node-00012."
    )
    assert {
        shown.components[0].reason,
        shown.sources[0].reason,
        shown.catalog.problem,
        shown.identity_problem,
        shown.modes["checks"],
    } == {masked}


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("quay.io/deis/builder:v2.12.0", "deis/builder:v2.12.0"),
        ("deis/builder:v2.12.0", "deis/builder:v2.12.0"),
        ("localhost:5555/deis/builder", "deis/builder"),
        ("mirror.example.com:5000/quay.io/deis/builder:v1", "deis/builder:v1"),
        (f"quay.io/deis/builder@{make.DIGEST}", f"deis/builder@{make.DIGEST}"),
        ("[fe80::1]:5000/deis/builder:v1", "deis/builder:v1"),
        ("secret.example.com/UPPER/x:v1", UNREADABLE_IMAGE),
        ("https://secret.example.com/deis/x:v1", UNREADABLE_IMAGE),
        ("", UNREADABLE_IMAGE),
    ],
)
def test_images_are_shown_without_registry(image: str, shown: str) -> None:
    assert without_registry(image) == shown


ADDRESS = "registry.bigcustomer.example:5000/deis/controller:v1"


def declaring(text: str) -> Snapshot:
    """A cluster whose first component says `text` wherever it may say a version."""
    snapshot = snapshots.outdated()
    first = snapshot.components[0]
    workload = replace(first.workloads[0].workload, declared=text)
    component = replace(
        first,
        version=text,
        observed=Observed(text, text, text),
        reason=f"{text!r} is not a SemVer version; workloads differ: deis-controller {text}",
        workloads=(replace(first.workloads[0], workload=workload, version=text),),
    )
    others = (w for w in snapshot.inventory.workloads if w.name != workload.name)
    return replace(
        snapshot,
        components=(component, *snapshot.components[1:]),
        inventory=replace(snapshot.inventory, workloads=(workload, *others)),
    )


@pytest.mark.anyio
@pytest.mark.parametrize("path", PUBLIC_PATHS)
@pytest.mark.parametrize("text", [ADDRESS, "it's at registry.bigcustomer.example", "node-0001"])
async def test_annotation_that_names_a_registry_or_a_node_is_not_seen_in_public(path: str, text: str) -> None:
    response = await ask(public(declaring(text)), path)

    assert response.status_code == 200
    assert "bigcustomer" not in response.text
    assert "node-0001" not in response.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("v2.12.0", "v2.12.0"),
        ("v2.12.0-rc.1+build.7", "v2.12.0-rc.1+build.7"),
        ("git-1a2b3c4", "git-1a2b3c4"),
        (make.DIGEST, make.DIGEST),
        ("node-0001", HIDDEN),
        (ADDRESS, HIDDEN),
        ("registry.bigcustomer.example:5000", HIDDEN),
        ("deis/controller", HIDDEN),
        ("two words", HIDDEN),
        ("v2.12.0\n", HIDDEN),
        ("v" * 129, HIDDEN),
    ],
)
def test_version_is_shown_in_public_only_if_it_could_be_a_tag_or_a_digest(text: str, shown: str) -> None:
    first = disclose(declaring(text)).snapshot.components[0]

    assert (first.version, first.observed) == (shown, Observed(shown, shown, shown))
    assert (first.workloads[0].version, first.workloads[0].workload.declared) == (shown, shown)
