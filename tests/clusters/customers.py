"""What customers leave in the platform's own namespace, with names that tell who they are.

Each name, label value and image holds TELLING_WORD: no output of the agent may.
"""

from collections.abc import Iterable, Iterator

from clusters.objects import Manifest, Owner, Template, config_map, pod, service, workload

TELLING_WORD = "acme-mergers"
_KINDS = ("Deployment", "DaemonSet", "StatefulSet", "CronJob", "ReplicationController")


def builder_pods(namespace: str) -> list[Manifest]:
    """Pods that the platform's builder starts for an application, one of each builder."""
    slug = f"slugbuild-{TELLING_WORD}-4f3a2b1c"
    docker = f"dockerbuild-{TELLING_WORD}-4f3a2b1c"
    image = f"imagebuild-{TELLING_WORD}-1-x7k2p"
    return [
        pod(_metadata(namespace, slug, {"heritage": slug}), [(slug, "quay.io/deis/slugbuilder:v2.5.0")]),
        pod(_metadata(namespace, docker, {"heritage": docker}), [(docker, "deis/dockerbuilder:v2.7.3")]),
        pod(
            _metadata(namespace, image, {"heritage": "drycc", "job-name": f"imagebuild-{TELLING_WORD}-1"}),
            [(f"{TELLING_WORD}-build", "registry.drycc.cc/drycc/imagebuilder:1.3.1")],
        ),
    ]


def unknown_workloads(namespace: str) -> list[Manifest]:
    """One object of each kind that no profile knows, besides a service and a config map."""
    owner = Owner(namespace, {"heritage": namespace})
    labels = {"app": TELLING_WORD, "heritage": namespace}
    template = Template(labels, [(f"{TELLING_WORD}-web", f"registry.example/{TELLING_WORD}/web:v9.9.9")])
    kinds = ("Deployment", "DaemonSet", "StatefulSet", "CronJob", "ReplicationController")
    workloads = [
        workload(kind, owner.metadata(f"{TELLING_WORD}-{kind.lower()}"), template, selector=labels)
        for kind in kinds
    ]
    return [
        *workloads,
        service(owner.metadata(f"{TELLING_WORD}-web"), labels, {"http": 80}),
        config_map(owner.metadata(f"{TELLING_WORD}-settings"), {"image": f"{TELLING_WORD}:v1.0.0"}),
    ]


def near_misses(namespace: str, ours: Iterable[Manifest]) -> list[Manifest]:
    """A stranger's objects that come as close to each of our workloads as they can without being it.

    Services and pods that share one label, or a value under another key; workloads whose name begins or
    ends with ours, whose pods carry our labels; a Service that selects by our labels and one more.
    """
    owner = Owner(namespace, {"heritage": namespace})
    found: list[Manifest] = []
    for number, one in enumerate(one for one in ours if one["kind"] in _KINDS):
        name, labels = one["metadata"]["name"], _labels(one)
        template = Template(
            labels or {"app": name}, [(TELLING_WORD, f"registry.example/{TELLING_WORD}:v1.0.0")]
        )
        for kind in ("Deployment", "CronJob"):
            for near in (f"{name}-{TELLING_WORD}", f"{TELLING_WORD}-{name}"):
                metadata = owner.metadata(f"{near}-{number}"[:52])
                found.append(workload(kind, metadata, template, selector=template.labels))
        for position, selector in enumerate(_near_labels(name, labels)):
            stranger = f"{TELLING_WORD}-{number}-{position}"
            found.append(service(owner.metadata(stranger), selector, {"http": 80}))
            found.append(_strangers_pod(namespace, stranger, selector))
        if labels:
            found.append(_strangers_pod(namespace, f"{TELLING_WORD}-{number}-bare", labels))
        # Other releases may have made pods with fewer labels; what made this one is a stranger's.
        made = _strangers_pod(namespace, f"{TELLING_WORD}-{number}-made", labels)
        made["metadata"]["ownerReferences"] = [
            {"kind": "ReplicaSet", "name": f"{name}-{TELLING_WORD}-6d5", "controller": True}
        ]
        found.append(made)
    return found


def _strangers_pod(namespace: str, name: str, labels: dict[str, str]) -> Manifest:
    containers = [(TELLING_WORD, f"registry.example/{TELLING_WORD}:v1.0.0")]
    return pod(_metadata(namespace, name, labels), containers)


def _labels(one: Manifest) -> dict[str, str]:
    spec = one["spec"].get("jobTemplate", one)["spec"]
    return dict(spec["template"]["metadata"]["labels"])


def _near_labels(name: str, labels: dict[str, str]) -> Iterator[dict[str, str]]:
    yield {"app": TELLING_WORD, "name": name}
    yield {"app.kubernetes.io/name": name, "tier": TELLING_WORD}
    yield {"job-name": f"{name}-29312345", "tier": TELLING_WORD}
    for key, value in labels.items():
        yield {f"{key}-of": value, "tier": TELLING_WORD}
        yield {key: f"{value}-{TELLING_WORD}"}
        if key not in ("app", "component"):
            yield {key: value, "tier": TELLING_WORD}


def _metadata(namespace: str, name: str, labels: dict[str, str]) -> Manifest:
    return {"name": name, "namespace": namespace, "labels": labels}
