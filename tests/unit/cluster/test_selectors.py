import pytest

from workflow_exporter.cluster.objects import LabelSelector, LabelSelectorRequirement
from workflow_exporter.cluster.selectors import picks

LABELS = {"app": "deis-router", "tier": "front"}


@pytest.mark.parametrize(
    ("key", "operator", "values", "picked"),
    [
        ("app", "In", ("deis-router", "deis-builder"), True),
        ("app", "In", ("deis-builder",), False),
        ("missing", "In", ("deis-router",), False),
        ("app", "NotIn", ("deis-builder",), True),
        ("app", "NotIn", ("deis-router",), False),
        ("missing", "NotIn", ("deis-router",), True),
        ("app", "Exists", None, True),
        ("missing", "Exists", None, False),
        ("missing", "DoesNotExist", None, True),
        ("app", "DoesNotExist", None, False),
        ("app", "SimilarTo", ("deis-router",), False),
    ],
)
def test_expression_holds_as_in_the_api(
    key: str, operator: str, values: tuple[str, ...] | None, *, picked: bool
) -> None:
    selector = LabelSelector(
        match_expressions=(LabelSelectorRequirement(key=key, operator=operator, values=values),)
    )

    assert picks(selector, LABELS) is picked


def test_all_labels_and_all_expressions_must_hold() -> None:
    exists = LabelSelectorRequirement(key="tier", operator="Exists")
    absent = LabelSelectorRequirement(key="tier", operator="DoesNotExist")
    app = {"app": "deis-router"}

    assert picks(LabelSelector(match_labels=app, match_expressions=(exists,)), LABELS)
    assert not picks(LabelSelector(match_labels=app, match_expressions=(exists, absent)), LABELS)
    assert not picks(LabelSelector(match_labels={**app, "tier": "back"}, match_expressions=(exists,)), LABELS)


def test_selector_of_a_replication_controller_is_a_plain_map() -> None:
    assert picks({"app": "deis-router"}, LABELS)
    assert not picks({"app": "deis-router-deprecated"}, LABELS)


def test_selector_that_asks_for_nothing_picks_nothing() -> None:
    assert not picks(None, LABELS)
    assert not picks({}, LABELS)
    assert not picks(LabelSelector(), LABELS)
    assert not picks(LabelSelector(match_labels={}, match_expressions=()), LABELS)
