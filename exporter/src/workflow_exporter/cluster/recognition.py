"""What the candidate profiles know: by which names and labels an object is theirs.

Decides on names and labels only, before anything else of an object is decoded.
"""

from collections.abc import Mapping

from workflow_exporter.cluster.objects import JobSpec, JobTemplate, Metadata, PodTemplate, WorkloadSpec
from workflow_exporter.inventory import WorkloadKind
from workflow_exporter.platforms.profile import Profile

VERSION_LABEL = "app.kubernetes.io/version"  # on pod templates, kubernetes.io "Recommended Labels"
_JOB_NAME_LABELS = ("batch.kubernetes.io/job-name", "job-name")  # the second up to Kubernetes 1.26

Labels = Mapping[str, str]


class Recognition:
    """The names and labels of all candidates together."""

    def __init__(self, candidates: tuple[Profile, ...]) -> None:
        rows = [row for profile in candidates for row in profile.rows]
        self._names = frozenset(row.name for row in rows)
        self._pod_labels = frozenset(label for row in rows for label in row.pod_labels.items())
        self._cron_jobs = frozenset(row.name for row in rows if WorkloadKind.CRON_JOB in row.kinds)
        self._build_pods = tuple({prefix for profile in candidates for prefix in profile.build_pod_prefixes})
        self._annotations = frozenset(key for profile in candidates for key in profile.version_annotations)
        self._config_map_keys: dict[str, frozenset[str]] = {}
        for profile in candidates:
            for config_map in profile.config_maps:
                keys = self._config_map_keys.get(config_map.name, frozenset())
                self._config_map_keys[config_map.name] = keys | {config_map.key}

    def knows_workload(self, name: str) -> bool:
        """By name whatever the kind: a leftover has the name of a workload of another kind."""
        return name in self._names

    def knows_pod(self, name: str, labels: Labels) -> bool:
        """A builder's pod never is, even if it carried a component's labels."""
        if name.startswith(self._build_pods):
            return False
        if any(value in self._names for value in labels.values()):
            return True
        return not self._pod_labels.isdisjoint(labels.items()) or cron_job_of(labels) in self._cron_jobs

    def knows_service(self, name: str, selector: Labels) -> bool:
        if name in self._names or any(value in self._names for value in selector.values()):
            return True
        return not self._pod_labels.isdisjoint(selector.items())

    def config_map_keys(self, name: str) -> frozenset[str]:
        """The keys whose values may be read; empty: the map is nobody's."""
        return self._config_map_keys.get(name, frozenset())

    def version_annotations(self, annotations: Labels | None) -> Labels | None:
        return {k: v for k, v in (annotations or {}).items() if k in self._annotations} or None


def cron_job_of(labels: Labels) -> str | None:
    """The name of the CronJob that made this pod's Job, if one did: Jobs are named `<name>-<minutes>`."""
    for key in _JOB_NAME_LABELS:
        name, dash, minutes = labels.get(key, "").rpartition("-")
        if dash and minutes.isdigit():
            return name
    return None


def kept_template(template: PodTemplate | None) -> PodTemplate | None:
    """A pod template with the one label that declares a version."""
    if template is None:
        return None
    version = (template.metadata.labels or {}).get(VERSION_LABEL)
    labels = {VERSION_LABEL: version} if version else None
    return PodTemplate(metadata=Metadata(labels=labels), spec=template.spec)


def kept_workload_spec(spec: WorkloadSpec) -> WorkloadSpec:
    """The same for a workload's, and for the template inside a CronJob's job template."""
    job = spec.job_template
    if job is not None:
        inner = kept_template(job.spec.template) or PodTemplate()
        job = JobTemplate(spec=JobSpec(template=inner))
    return WorkloadSpec(
        replicas=spec.replicas,
        selector=spec.selector,
        template=kept_template(spec.template),
        job_template=job,
    )
