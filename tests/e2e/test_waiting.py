"""What wait_until_running calls ready; wrong here, and every test that waits would be a matter of luck."""

from typing import Any

import pytest

from e2e.waiting import not_ready


def workload(kind: str, spec: dict[str, Any], **status: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {"name": "it", "generation": 2},
        "spec": spec,
        "status": {"observedGeneration": 2, **status},
    }


def pod(phase: str, ready: str = "False", **metadata: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}]
    return {
        "kind": "Pod",
        "metadata": {"name": "it", **metadata},
        "status": {"phase": phase, "conditions": conditions},
    }


TWO = {"replicas": 2}
CASES = [
    (workload("Deployment", TWO, readyReplicas=2, updatedReplicas=2), None),
    (workload("Deployment", TWO, readyReplicas=1, updatedReplicas=2), "1 of 2 ready"),
    (workload("Deployment", TWO, readyReplicas=2, updatedReplicas=1), "1 of 2 updated"),
    (workload("Deployment", TWO), "0 of 2 ready"),
    (workload("Deployment", {}, readyReplicas=1, updatedReplicas=1), None),
    (
        workload("Deployment", TWO, readyReplicas=2, updatedReplicas=2, observedGeneration=1),
        "its controller has not seen the last change",
    ),
    (workload("StatefulSet", TWO, readyReplicas=2, updatedReplicas=1), "1 of 2 updated"),
    (workload("ReplicationController", TWO, readyReplicas=2), None),
    (workload("ReplicationController", {"replicas": 0}), None),
    (workload("DaemonSet", {}, desiredNumberScheduled=3, numberReady=3, updatedNumberScheduled=3), None),
    (workload("DaemonSet", {}, desiredNumberScheduled=3, numberReady=3), "0 of 3 updated"),
    (workload("DaemonSet", {}, desiredNumberScheduled=3, numberReady=2), "2 of 3 ready"),
    (pod("Running", "True"), None),
    (pod("Running"), "Running, not ready"),
    (pod("Pending"), "Pending, not ready"),
    (pod("Succeeded"), None),
    (pod("Running", "True", deletionTimestamp="2026-01-05T10:00:00Z"), "terminating"),
]


@pytest.mark.parametrize(("obj", "why"), CASES)
def test_an_object_is_ready_or_says_why_not(obj: dict[str, Any], why: str | None) -> None:
    assert not_ready([obj]) == ([] if why is None else [f"{obj['kind']} it: {why}"])
