"""Rights for one user, as RBAC objects, and the moment from which they count."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from e2e.rest import Object, Rest, until

_RBAC = "rbac.authorization.k8s.io"
_ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_LEARN_SECONDS = 20  # the API server's authorizer follows its own watch, normally within 0.1 s


async def grant(admin: Rest, user: Rest, *, role: str, user_name: str, rights: list[Object]) -> None:
    """Gives a user these rules (see ApiServer.token_with_rights); returns when they count.

    `role` names the RBAC objects and must be new.
    """
    for namespace in {right["namespace"] for right in rights}:
        rules = [
            {key: value for key, value in right.items() if key != "namespace"}
            for right in rights
            if right["namespace"] == namespace
        ]
        await _bind(admin, role, user_name, namespace, rules)

    async with user.client() as client:

        async def not_learnt() -> str | None:
            for attributes in _accesses(rights):
                review = {"spec": {"resourceAttributes": attributes}}
                answer = await client.post(_ACCESS_REVIEWS, json=review)
                answer.raise_for_status()
                if not answer.json()["status"]["allowed"]:
                    return f"{user_name} may not yet {attributes}"
            return None

        await until(not_learnt, _LEARN_SECONDS)


async def _bind(admin: Rest, role: str, user_name: str, namespace: str | None, rules: list[Object]) -> None:
    kind = "Role" if namespace else "ClusterRole"
    scope = f"/namespaces/{namespace}" if namespace else ""
    root = f"/apis/{_RBAC}/v1{scope}"
    head: dict[str, Any] = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": role}}
    await admin.create(f"{root}/{kind.lower()}s", {**head, "kind": kind, "rules": rules})
    subject = {"kind": "User", "name": user_name, "apiGroup": _RBAC}
    reference = {"kind": kind, "name": role, "apiGroup": _RBAC}
    binding = {**head, "kind": f"{kind}Binding", "subjects": [subject], "roleRef": reference}
    await admin.create(f"{root}/{kind.lower()}bindings", binding)


def _accesses(rights: Iterable[Object]) -> Iterator[Object]:
    """One access that each part of each rule allows."""
    for right in rights:
        names = right.get("resourceNames") or [""]
        for group, resource, verb, name in product(
            right["apiGroups"], right["resources"], right["verbs"], names
        ):
            base, _, subresource = resource.partition("/")
            yield {
                "namespace": right["namespace"] or "",
                "group": group,
                "resource": base,
                "subresource": subresource,
                "verb": verb,
                "name": name,
            }
