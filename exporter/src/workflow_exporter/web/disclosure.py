"""What the public listener may show: a snapshot without ids, node names and registry hosts.

The page and the public JSON are made from the value that `disclose` returns, so that what must not be
shown is not there to be shown by mistake.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from workflow_exporter.errors import ImageReferenceError
from workflow_exporter.freshness import Assessment, Observed
from workflow_exporter.image import ImageReference, parse_image
from workflow_exporter.inventory import ClusterFacts, Container, Workload
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web.node_facts import NodeFacts, count_node_facts

HIDDEN = "(hidden)"
UNREADABLE_IMAGE = "(unreadable image reference)"
# What an annotation may say in public: an OCI tag (distribution grammar), with SemVer's `+` for build
# metadata, or a digest. An image reference or an address is neither.
_VERSION = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}|sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}"
)
# What may be a name within a sentence: host, port, UID, node; so that a match is of a whole name.
_NAME = re.compile(r"[\w.:-]*\w")


@dataclass(frozen=True, slots=True)
class PublicView:
    """`snapshot` has no node, no UID, no identity but the local id; nodes are counts."""

    snapshot: Snapshot
    nodes: NodeFacts
    local_id: str | None  # for the legacy `/id`; unlinkable, see design section 7


def disclose(snapshot: Snapshot) -> PublicView:
    """The public view of a snapshot. Sentences that quote a hidden name have it masked."""
    mask = _Mask(frozenset(_secrets(snapshot)))
    facts = snapshot.inventory.cluster
    inventory = replace(
        snapshot.inventory,
        cluster=ClusterFacts(
            cluster_created=facts.cluster_created,
            instance_created=facts.instance_created,
            kubernetes_version=facts.kubernetes_version,
        ),
        workloads=tuple(_workload(w, mask) for w in snapshot.inventory.workloads),
        nodes=(),
    )
    public = replace(
        snapshot,
        inventory=inventory,
        components=tuple(_assessment(a, mask) for a in snapshot.components),
        catalog=replace(snapshot.catalog, problem=mask.of(snapshot.catalog.problem)),
        sources=tuple(replace(s, reason=mask.of(s.reason)) for s in snapshot.sources),
        identity=None,
        identity_problem=mask.of(snapshot.identity_problem),
        modes={key: mask.text(words) for key, words in snapshot.modes.items()},
    )
    local_id = snapshot.identity.local_id if snapshot.identity else None
    return PublicView(public, count_node_facts(snapshot.inventory.nodes), local_id)


def without_registry(image: str) -> str:
    """`deis/builder:v2.12.0` of `quay.io/deis/builder:v2.12.0`; a fixed text if the grammar is broken."""
    try:
        *_, bare = _peeled(image)
    except ImageReferenceError:  # where the registry ends cannot be told, so nothing of it is shown
        return UNREADABLE_IMAGE
    return str(replace(bare, registry=None))


def _peeled(image: str) -> Iterator[ImageReference]:
    """The reference, then the one behind its registry, and so on: a pull-through cache names the
    original's registry first in its path."""
    reference = parse_image(image)
    yield reference
    if reference.registry is not None:
        yield from _peeled(str(replace(reference, registry=None)))


class _Mask:
    """Replaces hidden names in sentences, which quote what servers answered."""

    def __init__(self, secrets: frozenset[str]) -> None:
        self._secrets = secrets

    def of(self, words: str | None) -> str | None:
        return None if words is None else self.text(words)

    def version(self, text: str | None) -> str | None:
        """An annotation may hold anything; of a tag or digest only a hidden name is masked."""
        return self.of(text) if text is None or _VERSION.fullmatch(text) else HIDDEN

    def text(self, words: str) -> str:
        return _NAME.sub(self._hidden_or_kept, words)

    def _hidden_or_kept(self, match: re.Match[str]) -> str:
        name = match[0]
        return HIDDEN if name in self._secrets or name.lower() in self._secrets else name


def _secrets(snapshot: Snapshot) -> Iterator[str]:
    facts, identity = snapshot.inventory.cluster, snapshot.identity
    yield from (node.name for node in snapshot.inventory.nodes)
    yield from (uid for uid in (facts.cluster_uid, facts.instance_uid) if uid)
    if identity:
        yield from (identity.cluster_id, identity.instance_id, identity.local_id, identity.instance_secret)
    for image in _images(snapshot):
        try:
            registries = [reference.registry for reference in _peeled(image) if reference.registry]
        except ImageReferenceError:
            continue
        yield from registries
        yield from (registry.partition(":")[0] for registry in registries)  # hosts without their ports


def _images(snapshot: Snapshot) -> Iterator[str]:
    workloads = [assessed.workload for a in snapshot.components for assessed in a.workloads]
    for workload in (*snapshot.inventory.workloads, *workloads):
        yield from (container.image for container in workload.containers)
        yield from (container.image for pod in workload.pods for container in pod.containers)


def _assessment(assessment: Assessment, mask: _Mask) -> Assessment:
    observed = assessment.observed
    return replace(
        assessment,
        version=mask.version(assessment.version),
        observed=Observed(
            declared=mask.version(observed.declared),
            template=mask.version(observed.template),
            running=mask.version(observed.running),
        ),
        workloads=tuple(
            replace(a, workload=_workload(a.workload, mask), version=mask.version(a.version))
            for a in assessment.workloads
        ),
        reason=mask.of(_without_declared(assessment)),
    )


def _without_declared(assessment: Assessment) -> str | None:
    """The reason, which quotes an annotation that is no version, without it."""
    words = assessment.reason
    declared = {a.workload.declared or "" for a in assessment.workloads}
    for text in sorted(declared, key=len, reverse=True):
        if words and text.strip() and not _VERSION.fullmatch(text):
            # Quoted where it was not understood, as it is where workloads differ.
            words = words.replace(repr(text), HIDDEN).replace(text, HIDDEN)
    return words


def _workload(workload: Workload, mask: _Mask) -> Workload:
    pods = tuple(replace(pod, containers=_containers(pod.containers)) for pod in workload.pods)
    return replace(
        workload,
        declared=mask.version(workload.declared),
        containers=_containers(workload.containers),
        pods=pods,
    )


def _containers(containers: tuple[Container, ...]) -> tuple[Container, ...]:
    return tuple(replace(c, image=without_registry(c.image)) for c in containers)
