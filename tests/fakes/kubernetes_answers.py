"""Bodies of the Kubernetes API's errors, word for word as a real API server (1.37.2) writes them."""

from dataclasses import dataclass, field
from typing import Any

_TOO_OLD_TOKEN = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer; `body` is JSON, or text as it is."""

    status: int
    body: dict[str, Any] | str
    headers: dict[str, str] = field(default_factory=dict)


def failure(code: int, reason: str, message: str, **more: Any) -> dict[str, Any]:
    """A `metav1.Status`."""
    head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return {**head, "message": message, "reason": reason, "code": code, **more}


def unauthorized() -> Answer:
    return Answer(401, failure(401, "Unauthorized", "Unauthorized"))


def forbidden(user: str, verb: str, group: str, resource: str, namespace: str | None, name: str) -> Answer:
    what = f'{resource} "{name}"' if name else resource
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = (
        f'{what} is forbidden: User "{user}" cannot {verb} resource "{resource}" '
        f'in API group "{group}" {where}'
    )
    details = {key: value for key, value in (("name", name), ("group", group), ("kind", resource)) if value}
    return Answer(403, failure(403, "Forbidden", message, details=details))


def not_found(resource: str, name: str) -> Answer:
    details = {"name": name, "kind": resource}
    return Answer(404, failure(404, "NotFound", f'{resource} "{name}" not found', details=details))


def not_served() -> Answer:
    """What an API group that does not exist answers: no Status at all."""
    return Answer(404, "404 page not found\n")


def bad_continue_token() -> Answer:
    message = "continue key is not valid: illegal base64 data at input byte 0"
    return Answer(400, failure(400, "BadRequest", message))


def expired_continue_token(fresh_token: str) -> Answer:
    return Answer(410, failure(410, "Expired", _TOO_OLD_TOKEN, metadata={"continue": fresh_token}))


def expired_list() -> Answer:
    return Answer(410, failure(410, "Expired", "The resourceVersion for the provided list is too old."))


def expired_watch(asked: int, oldest: int) -> dict[str, Any]:
    """The object of an ERROR event: the watch itself was answered with 200."""
    return failure(410, "Expired", f"too old resource version: {asked} ({oldest})")


def version_from_the_future(asked: int, current: int) -> Answer:
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return Answer(504, failure(504, "Timeout", message, details=details), {"Retry-After": "1"})
