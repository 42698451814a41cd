"""Of two faults in one request the earlier step's is told, and each refusal is brought about by one."""

from collections.abc import Iterator

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from gateway_faults import FAULTS, STORE, Draft, Fault, Outcome, good_draft, outcome_of
from gateways import Site
from workflow_releases.ingest.refusals import Reason

NAMES = [fault.name for fault in FAULTS]
COMPOSING = [fault for fault in FAULTS if fault.composes]


def reason_told(outcome: Outcome) -> str:
    """By the only counter that went up."""
    ((reason, count),) = outcome.counted.items()
    assert count == 1
    return reason


@pytest.mark.anyio
@pytest.mark.parametrize("practised", [False, True])
async def test_request_without_a_fault_is_taken(*, practised: bool) -> None:
    outcome = await outcome_of(good_draft(), practised=practised)

    assert (outcome.answered.status, outcome.counted, outcome.forwarded) == (204, {"accepted": 1}, 1)


@pytest.mark.anyio
@pytest.mark.parametrize("practised", [False, True])
@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
async def test_fault_has_its_status_its_counter_and_its_sentence(fault: Fault, *, practised: bool) -> None:
    draft = good_draft()
    fault.apply(draft, draft.series[0])

    outcome = await outcome_of(draft, practised=practised)

    assert (outcome.answered.status, outcome.counted) == (fault.status, {fault.reason.label: 1})
    told = msgspec.json.decode(outcome.answered.body)["error"]
    assert told.endswith(fault.reason.sentence)
    assert outcome.forwarded == (1 if fault.step == STORE else 0)
    assert ("retry-after" in outcome.answered.headers) == (fault.status in {429, 503})


def test_every_reason_is_brought_about_by_a_fault_of_the_table() -> None:
    assert {fault.reason for fault in FAULTS} == set(Reason)


def test_every_reason_has_a_counter_of_its_own_that_operators_see() -> None:
    registry = CollectorRegistry()
    registry.register(Site().counts)
    exposed = generate_latest(registry).decode().splitlines()

    for reason in Reason:
        assert f'releases_ingest_requests_total{{reason="{reason.label}"}} 0.0' in exposed
    assert len({reason.label for reason in Reason}) == len(Reason)


def test_table_is_in_the_order_of_the_checks_and_has_a_fault_for_each() -> None:
    steps = [fault.step for fault in FAULTS]

    assert steps == sorted(steps)
    assert set(steps) == set(range(STORE + 1))


def with_both(earlier: Fault, later: Fault) -> Iterator[tuple[str, Draft]]:
    """In the same series, and each in its own, which may be the first or the second."""
    for where, first, second in (("one series", 0, 0), ("two series", 0, 1), ("the other way round", 1, 0)):
        draft = good_draft()
        earlier.apply(draft, draft.series[first])
        later.apply(draft, draft.series[second])
        yield where, draft


@pytest.mark.anyio
@pytest.mark.parametrize("earlier", COMPOSING[:-2], ids=[fault.name for fault in COMPOSING[:-2]])
async def test_of_two_faults_in_one_request_the_earlier_steps_is_told(earlier: Fault) -> None:
    told: dict[tuple[str, str, bool], str] = {}
    for later in COMPOSING:
        if later.step > earlier.step:
            for where, draft in with_both(earlier, later):
                for practised in (False, True):
                    outcome = await outcome_of(draft, practised=practised)
                    told[later.name, where, practised] = reason_told(outcome)

    assert told == dict.fromkeys(told, earlier.reason.label)
    assert told
