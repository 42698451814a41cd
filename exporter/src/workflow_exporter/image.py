"""Image references by the OCI distribution grammar: registry / repository : tag @ digest.

Source: github.com/distribution/reference, `reference.go` and `regexp.go` (the grammar), and
`normalize.go` (which first component is a registry and not a path; a bare image id is no name);
github.com/opencontainers/go-digest, `algorithm.go` (which digests there are, and their lengths).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from workflow_exporter.errors import ImageReferenceError

_MAX_REPOSITORY_LENGTH = 255  # characters without the registry, reference.go RepositoryNameTotalLengthMax
_PATH_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REGISTRY = re.compile(
    rf"(?:{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?", re.ASCII
)
_REPOSITORY = re.compile(rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*", re.ASCII)
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_IMAGE_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One image as written; `str()` gives back what was parsed."""

    registry: str | None  # None: not written, the runtime's default registry
    repository: str  # `deis/builder`
    tag: str | None
    digest: str | None

    def __str__(self) -> str:
        registry = f"{self.registry}/" if self.registry else ""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{registry}{self.repository}{tag}{digest}"

    @property
    def name(self) -> str:
        """The last component of the repository: `builder` of `deis/builder`."""
        return self.repository.rpartition("/")[2]

    @property
    def organisation(self) -> str | None:
        """What precedes the name in the repository: `deis` of `deis/builder`; None where nothing does."""
        return self.repository.rpartition("/")[0] or None


@lru_cache(maxsize=1024)  # a platform has about a hundred images, read again for each snapshot
def parse_image(text: str) -> ImageReference:
    """The reference that `text` spells; raises ImageReferenceError where the grammar allows none."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ImageReferenceError("image digest is not that of sha256, sha384 or sha512 in lower-case hex")
    name, tag = _split_tag(rest)
    if tag is not None and not _TAG.fullmatch(tag):
        raise ImageReferenceError("image tag has characters that no tag may have, or too many")
    registry, repository = _split_registry(name)
    if registry is not None and not _REGISTRY.fullmatch(registry):
        raise ImageReferenceError("image registry is not a host name with an optional port")
    if not _REPOSITORY.fullmatch(repository):
        raise ImageReferenceError("image repository is not a lower-case path")
    if len(repository) > _MAX_REPOSITORY_LENGTH:
        raise ImageReferenceError(f"image repository is longer than {_MAX_REPOSITORY_LENGTH} characters")
    if _IMAGE_ID.fullmatch(text):
        raise ImageReferenceError("image is a bare id and not a name")
    return ImageReference(registry, repository, tag, digest or None)


def _split_tag(text: str) -> tuple[str, str | None]:
    head, colon, tail = text.rpartition(":")
    if not colon or "/" in tail:  # no colon, or the colon of a registry's port
        return text, None
    return head, tail


def _split_registry(name: str) -> tuple[str | None, str]:
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        return first, rest
    return None, name
