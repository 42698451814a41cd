"""Which pods a workload's selector picks, by the API's own rules for label selectors.

Source: k8s.io/apimachinery `pkg/apis/meta/v1/types.go`, LabelSelector. With one exception: a
selector that asks for nothing picks nothing here, where Kubernetes picks every pod, because pods of
customers' builds live in the same namespace.
"""

from collections.abc import Mapping

from workflow_exporter.cluster.objects import LabelSelector, LabelSelectorRequirement

Labels = Mapping[str, str]


def picks(selector: LabelSelector | Labels | None, labels: Labels) -> bool:
    """Whether a pod with these labels is selected; a plain map is a ReplicationController's selector."""
    if selector is None:
        return False
    if not isinstance(selector, LabelSelector):
        return bool(selector) and selector.items() <= labels.items()
    wanted = selector.match_labels or {}
    expressions = selector.match_expressions or ()
    if not wanted and not expressions:
        return False
    return wanted.items() <= labels.items() and all(_holds(item, labels) for item in expressions)


def _holds(requirement: LabelSelectorRequirement, labels: Labels) -> bool:
    value = labels.get(requirement.key)
    values = requirement.values or ()
    match requirement.operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values  # holds for a label that is not there, as in Kubernetes
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case _:
            return False  # an operator of a newer API: better no pod than a customer's
