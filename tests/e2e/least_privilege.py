"""The agent's rights (tests/data/rbac.yaml), taken apart into the single accesses they allow."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from string import Template

import yaml

from e2e.rest import Object

RBAC_FILE = Path(__file__).parent.parent / "data" / "rbac.yaml"


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One verb on one resource. `namespace` "": cluster-wide; `name` "": every object of it."""

    group: str
    resource: str
    verb: str
    namespace: str = ""
    name: str = ""

    def as_right(self) -> Object:
        """As one of ApiServer's rules."""
        right = {
            "namespace": self.namespace or None,
            "apiGroups": [self.group],
            "resources": [self.resource],
            "verbs": [self.verb],
        }
        return {**right, "resourceNames": [self.name]} if self.name else right


def agent_rights(namespace: str) -> list[Object]:
    """The rules of the Role and the ClusterRole, for ApiServer.token_with_rights."""
    text = Template(RBAC_FILE.read_text()).substitute(namespace=namespace)
    return [
        {"namespace": role["metadata"].get("namespace"), **rule}
        for role in yaml.safe_load_all(text)
        for rule in role["rules"]
    ]


def accesses(rights: Iterable[Object]) -> Iterator[Access]:
    """Every single access that the rules allow."""
    for right in rights:
        for group, resource, verb, name in product(
            right["apiGroups"], right["resources"], right["verbs"], right.get("resourceNames", [""])
        ):
            yield Access(group, resource, verb, right["namespace"] or "", name)
