"""Which version of a component is to be seen: declared, in the template, and running. No judgement yet.

A tag may be a version, a build by somebody's choice (`canary`), or broken text. Only versions have an
order; where others are among several, they are what is reported, since nobody can say they are newer.
An image given by digest only is a choice, whatever version the workload declares: an annotation says what
was meant to run, and the digest that runs need not be that release's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from itertools import combinations
from operator import itemgetter

from workflow_exporter.errors import ImageReferenceError, VersionError
from workflow_exporter.image import parse_image
from workflow_exporter.inventory import Container, Pod, Workload
from workflow_exporter.version import Version, is_development_tag, is_floating_tag, read_version

_MAX_SHOWN_LENGTH = 128  # characters: an image tag's most; an annotation may hold 256 KiB

Key = Callable[[Version], tuple[int, Version]]  # what versions of one component are sorted by


class Comparable(IntEnum):
    """Whether something seen can be ordered; the lowest of several is what is reported."""

    BROKEN = 0  # not to be read: a fault
    CHOICE = 1  # a build without a version or a floating tag, by somebody's choice
    VERSION = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """What one image tag or annotation says."""

    text: str | None  # as written; None where the image cannot be read, since it may hold anything
    comparable: Comparable
    version: Version | None = None  # set just where `comparable` is VERSION
    reason: str | None = None  # in words, why it has no version
    # Of the image, and whether `text` is its digest: both only decide what can differ.
    repository: str | None = field(default=None, compare=False)  # None: an annotation's
    by_digest: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class WorkloadVersions:
    """What one workload shows; each None where there is nothing to see."""

    workload: Workload
    declared: Seen | None  # annotation or label, else the template's tag
    template: Seen | None
    running: Seen | None  # the oldest of its pods
    running_texts: tuple[str, ...]  # what its pods run, each once, sorted
    rolling: bool  # its pods do not all run the same
    mixed_containers: bool  # containers of the component's own image differ within the template

    @property
    def assessed(self) -> Seen | None:
        """What runs; where no pod does, what would."""
        return self.running or self.template or self.declared


def observe(workload: Workload, key: Key) -> WorkloadVersions:
    """The three observations of one workload; `key` orders its component's versions."""
    own = _own_containers(workload)
    template = [read_image(container.image) for container in own]
    pods = [oldest(_seen_in(pod, own), key) for pod in workload.pods if _is_running(pod)]
    running = [seen for seen in pods if seen is not None]
    declared = read_tag(workload.declared) if workload.declared else oldest(template, key)
    return WorkloadVersions(
        workload=workload,
        declared=declared,
        template=oldest(template, key),
        running=oldest(running, key),
        running_texts=tuple(sorted({seen.text for seen in running if seen.text})),
        rolling=differ(running),
        mixed_containers=differ(template),
    )


def oldest(seen: Iterable[Seen], key: Key) -> Seen | None:
    """Broken before chosen before versions in their order; None of none. Ties go to the first."""
    found = tuple(seen)
    without = [one for one in found if one.version is None]
    if without:
        return min(without, key=lambda one: one.comparable)
    versions = [(key(one.version), one) for one in found if one.version is not None]
    return min(versions, key=itemgetter(0))[1] if versions else None


def differ(seen: Iterable[Seen | None]) -> bool:
    """Whether there are two that do not say the same; `v1.2.3` and `1.2.3` do.

    A digest differs from what else its own repository offers; of another repository it can say nothing.
    """
    found = {(_identity(one), one.repository, one.by_digest) for one in seen if one is not None}
    return any(
        one != other and (repository == elsewhere or not (by_digest or also_by_digest))
        for (one, repository, by_digest), (other, elsewhere, also_by_digest) in combinations(found, 2)
    )


def read_tag(tag: str, repository: str | None = None) -> Seen:
    """What a tag of `repository`, or an annotation, says of a version."""
    if is_development_tag(tag):
        reason = f"{tag} is a build without a version"
        return Seen(tag, Comparable.CHOICE, reason=reason, repository=repository)
    if is_floating_tag(tag):
        reason = f"{tag} does not say which release"
        return Seen(tag, Comparable.CHOICE, reason=reason, repository=repository)
    try:
        return Seen(tag, Comparable.VERSION, read_version(tag), repository=repository)
    except VersionError as error:
        text = tag if len(tag) <= _MAX_SHOWN_LENGTH else None
        return Seen(text, Comparable.BROKEN, reason=str(error), repository=repository)


@lru_cache(maxsize=1024)  # a platform has about a hundred images, read again for each snapshot
def read_image(text: str) -> Seen:
    """What an image reference says of a version: its tag; no tag and no digest means `latest` (OCI)."""
    try:
        image = parse_image(text)
    except ImageReferenceError as error:
        return Seen(None, Comparable.BROKEN, reason=str(error))
    if image.tag is not None:
        return read_tag(image.tag, image.repository)
    if image.digest is not None:
        text, reason = image.digest, "the image is given by digest only"
    else:
        text, reason = "latest", "the image has no tag, which means latest"
    return Seen(
        text,
        Comparable.CHOICE,
        reason=reason,
        repository=image.repository,
        by_digest=image.digest is not None,
    )


def _own_containers(workload: Workload) -> tuple[Container, ...]:
    """The main container and those of the same repository: sidecars of other images do not count."""
    main = workload.main
    if main is None:
        return ()
    repository = _repository(main)
    if repository is None:
        return (main,)
    return tuple(c for c in workload.containers if _repository(c) == repository)


def _is_running(pod: Pod) -> bool:
    """Kubernetes calls a pod Running once all its containers were started (pod lifecycle).

    Pending has started nothing yet; Succeeded and Failed (finished jobs, evicted pods) run nothing any
    more. Digests would not do as a sign: not every runtime reports one.
    """
    return pod.phase == "Running" and not pod.terminating


def _seen_in(pod: Pod, own: tuple[Container, ...]) -> Iterator[Seen]:
    names = {container.name for container in own}
    repositories = {_repository(container) for container in own} - {None}
    for container in pod.containers:
        # By name, as the pods before a rollout may use another mirror; by repository, as a rollout may
        # have renamed the container. Injected sidecars are neither.
        if container.name in names or _repository(container) in repositories:
            yield read_image(container.image)


def _repository(container: Container) -> str | None:
    try:
        return parse_image(container.image).repository
    except ImageReferenceError:
        return None


def _identity(seen: Seen) -> Version | str | None:
    return seen.version or seen.text
