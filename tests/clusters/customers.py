"""What customers leave in the platform's own namespace, with names that tell who they are.

Each name, label value and image holds TELLING_WORD: no output of the agent may.
"""

from clusters.objects import Manifest, Owner, Template, config_map, pod, service, workload

TELLING_WORD = "acme-mergers"


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


def _metadata(namespace: str, name: str, labels: dict[str, str]) -> Manifest:
    return {"name": name, "namespace": namespace, "labels": labels}
