"""What a request to the Kubernetes API asks for, and whether RBAC allows it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_ROOT = r"/(?P<root>api/v1|apis/(?P<group>[^/]+)/[^/]+)"
_NAMESPACE = re.compile(_ROOT + r"/(?P<resource>namespaces)(?:/(?P<name>[^/]+))?")
_OTHER = re.compile(_ROOT + r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[^/]+)(?:/(?P<name>[^/]+))?")


@dataclass(frozen=True, slots=True)
class Target:
    verb: str  # get, list, watch
    root: str  # `api/v1`, `apis/apps/v1`: the API group and version
    group: str
    resource: str
    namespace: str | None
    name: str
    path: str  # the collection's, or the object's


def target_of(path: str, query: Mapping[str, str]) -> Target | None:
    """None: no such path."""
    match = _NAMESPACE.fullmatch(path) or _OTHER.fullmatch(path)
    if match is None:
        return None
    found = match.groupdict()
    name = found["name"] or ""
    verb = "get" if name else "watch" if query.get("watch") == "true" else "list"
    # A namespace is taken to lie in itself: that is how the real one writes its messages and matches Roles.
    namespace = name or None if found["resource"] == "namespaces" else found.get("namespace")
    return Target(verb, found["root"], found["group"] or "", found["resource"], namespace, name, path)


def allowed(target: Target, rights: Iterable[dict[str, Any]]) -> bool:
    return any(_matches(target, right) for right in rights)


def _matches(target: Target, right: dict[str, Any]) -> bool:
    return (
        right.get("namespace") in {None, target.namespace}
        and ("*" in right["apiGroups"] or target.group in right["apiGroups"])
        and ("*" in right["resources"] or target.resource in right["resources"])
        and ("*" in right["verbs"] or target.verb in right["verbs"])
        and (not right.get("resourceNames") or target.name in right["resourceNames"])
    )
