"""What the candidate profiles know: by which names, labels and owners an object is theirs.

Decides before anything else of an object is decoded. Labels are known only all together: one label of
ours, or a value that equals one of our names, makes nothing ours.
"""

from collections.abc import Mapping
from enum import Enum, auto

from workflow_exporter.cluster.objects import (
    JobSpec,
    JobTemplate,
    LabelSelector,
    Metadata,
    OwnerReference,
    PodTemplate,
    WorkloadSpec,
)
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.platforms.profile import Profile

VERSION_LABEL = "app.kubernetes.io/version"  # on pod templates, kubernetes.io "Recommended Labels"
# What the charts of this project put on all that they install.
_OWN_LABELS = {
    "app.kubernetes.io/part-of": "workflow-manager",
    "app.kubernetes.io/component": "exporter",
}.items()

Labels = Mapping[str, str]

_SAFE_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789"


class Standing(Enum):
    """What an object is to the platform."""

    KNOWN = auto()  # a candidate profile has a row for it: it is kept
    UNKNOWN = auto()  # it is counted, and nothing of it is kept
    BESIDE = auto()  # this agent's, or of an installation Job: neither kept nor counted


class Recognition:
    """The names, labels and services of all candidates together."""

    def __init__(self, candidates: tuple[Profile, ...]) -> None:
        rows = [row for profile in candidates for row in profile.rows]
        self._names = frozenset(row.name for row in rows)
        labels = {(row.name, frozenset(row.pod_labels.items())) for row in rows if row.pod_labels}
        self._pods = tuple((f"{name}-", wanted) for name, wanted in labels)
        self._cron_jobs = frozenset(row.name for row in rows if WorkloadKind.CRON_JOB in row.kinds)
        self._jobs = frozenset(name for profile in candidates for name in profile.jobs)
        self._services = frozenset(
            (service.name, frozenset(service.selector.items()))
            for profile in candidates
            for component in profile.components.values()
            for service in component.services
        )
        self._build_pods = tuple({prefix for profile in candidates for prefix in profile.build_pod_prefixes})
        self._annotations = frozenset(key for profile in candidates for key in profile.version_annotations)
        self._config_map_keys: dict[str, frozenset[str]] = {}
        for profile in candidates:
            for config_map in profile.config_maps:
                keys = self._config_map_keys.get(config_map.name, frozenset())
                self._config_map_keys[config_map.name] = keys | {config_map.key}

    def workload(self, metadata: Metadata) -> Standing:
        """By name whatever the kind: a leftover has the name of a workload of another kind."""
        if metadata.name in self._names:
            return Standing.KNOWN
        return Standing.BESIDE if _is_own(metadata) else Standing.UNKNOWN

    def knows_workload(self, name: str) -> bool:
        return name in self._names

    def pod(self, metadata: Metadata) -> Standing:
        """By a workload's name, all labels of its template, and its owner if it tells one. A builder's pod
        never is."""
        if metadata.name.startswith(self._build_pods):
            return Standing.UNKNOWN
        labels, owner = metadata.labels or {}, metadata.controller
        if cron_job_of(owner) in self._cron_jobs:
            return Standing.KNOWN
        if _is_own(metadata) or (owner is not None and owner.kind == "Job" and owner.name in self._jobs):
            return Standing.BESIDE
        made = made_by(owner, labels) if owner is not None else None
        if owner is not None and (made is None or made[1] not in self._names):
            return Standing.UNKNOWN
        held = labels.items()
        known = any(metadata.name.startswith(prefix) and wanted <= held for prefix, wanted in self._pods)
        return Standing.KNOWN if known else Standing.UNKNOWN

    def service(self, metadata: Metadata, selector: Labels) -> Standing:
        """It selects pods of ours by labels of their template, or a profile names it as it is."""
        wanted = frozenset(selector.items())
        if (metadata.name, wanted) in self._services:
            return Standing.KNOWN
        known = wanted and any(wanted <= labels for _, labels in self._pods)
        return Standing.KNOWN if known else Standing.UNKNOWN

    def config_map_keys(self, name: str) -> frozenset[str]:
        """The keys whose values may be read; empty: the map is nobody's."""
        return self._config_map_keys.get(name, frozenset())

    def version_annotations(self, annotations: Labels | None) -> Labels | None:
        return {k: v for k, v in (annotations or {}).items() if k in self._annotations} or None


def _is_own(metadata: Metadata) -> bool:
    return (metadata.labels or {}).items() >= _OWN_LABELS


def cron_job_of(owner: OwnerReference | None) -> str | None:
    """The name of the CronJob that made the Job that made a pod: such Jobs are named `<name>-<minutes>`."""
    if owner is None or owner.kind != "Job":
        return None
    name, dash, minutes = owner.name.rpartition("-")
    return name if dash and minutes.isdigit() else None


def made_by(owner: OwnerReference, labels: Labels) -> tuple[str, str] | None:
    """(kind, name) of the workload that a pod's owner belongs to; None: of none that the agent reads.

    `labels` are the pod's. A Deployment's ReplicaSet is named `<name>-<hash>`, and its pods say that hash.
    """
    if owner.kind == "Job":
        cron_job = cron_job_of(owner)
        return (WorkloadKind.CRON_JOB.value, cron_job) if cron_job else None
    if owner.kind == "ReplicaSet":
        name, _, last = owner.name.rpartition("-")
        told = labels.get("pod-template-hash", last)
        return (WorkloadKind.DEPLOYMENT.value, name) if last in {told, _encoded(told)} else None
    return owner.kind, owner.name


def _encoded(template_hash: str) -> str:
    """The hash as Kubernetes up to 1.11 wrote it into a ReplicaSet's name, where the label had its number.

    Source: k8s.io/apimachinery `pkg/util/rand/rand.go`, SafeEncodeString.
    """
    return "".join(_SAFE_CHARACTERS[ord(character) % len(_SAFE_CHARACTERS)] for character in template_hash)


def kept_template(template: PodTemplate | None) -> PodTemplate | None:
    """A pod template with the one label that declares a version."""
    if template is None:
        return None
    version = (template.metadata.labels or {}).get(VERSION_LABEL)
    labels = {VERSION_LABEL: version} if version else None
    return PodTemplate(metadata=Metadata(labels=labels), spec=template.spec)


def kept_workload_spec(spec: WorkloadSpec) -> WorkloadSpec:
    """The same for a workload's, and for the template inside a CronJob's job template.

    A selector that is not told is the template's labels, as in the API groups before apps/v1.
    """
    job = spec.job_template
    if job is not None:
        inner = kept_template(job.spec.template) or PodTemplate()
        job = JobTemplate(spec=JobSpec(template=inner))
    return WorkloadSpec(
        replicas=spec.replicas,
        selector=spec.selector or _default_selector(spec.template),
        template=kept_template(spec.template),
        job_template=job,
    )


def _default_selector(template: PodTemplate | None) -> LabelSelector | None:
    return (
        LabelSelector(match_labels=template.metadata.labels)
        if template and template.metadata.labels
        else None
    )
