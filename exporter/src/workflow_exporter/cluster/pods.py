"""Pods of the platform: what runs in them, by digest where the runtime tells it."""

import re

from workflow_exporter.cluster.objects import ContainerStatus, PodObject
from workflow_exporter.inventory import Container, Pod

_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$", re.ASCII)


def pod_of(obj: PodObject) -> Pod:
    """The pod; init containers are not decoded and never here."""
    statuses = {status.name: status for status in obj.status.container_statuses or ()}
    return Pod(
        name=obj.metadata.name,
        phase=obj.status.phase,
        ready=any(c.type == "Ready" and c.status == "True" for c in obj.status.conditions or ()),
        containers=tuple(
            Container(container.name, container.image, digest_of(statuses.get(container.name)))
            for container in obj.spec.containers
        ),
        created=obj.metadata.creation_timestamp,
        restarts=sum(status.restart_count for status in statuses.values()),
        terminating=obj.metadata.deletion_timestamp is not None,
    )


def digest_of(status: ContainerStatus | None) -> str | None:
    """`sha256:…` of the image in its repository; None where the runtime tells only a local image ID.

    Docker writes `docker-pullable://quay.io/deis/builder@sha256:…`, containerd and CRI-O write
    `quay.io/deis/builder@sha256:…`; a bare `docker://sha256:…` or `sha256:…` names the configuration of
    an image that came from no registry, which no catalog lists.
    """
    match = _DIGEST.search(status.image_id) if status is not None else None
    return match[1] if match else None
