"""What the first Workflow Manager answered at `/components` and `/id`, so that its readers keep working.

Source of the shape: deis/workflow-manager, `handlers/handlers.go` and `pkg/swagger/models`. It listed what it
found installed; so do we, and components that are missing or off the cluster are not in the list.
"""

from collections.abc import Mapping
from typing import Any

from workflow_exporter.freshness import Assessment
from workflow_exporter.snapshot import Snapshot


def legacy_components(
    snapshot: Snapshot, local_id: str | None, descriptions: Mapping[str, str]
) -> dict[str, Any]:
    """The document; `descriptions` is component -> sentence, its title where there is none.

    `released` and `data` described the installed version; they are null, as a snapshot does not hold them.
    """
    return {
        "id": local_id,
        "components": [
            _component(assessment, snapshot.bundle.train, descriptions)
            for assessment in snapshot.components
            if assessment.version is not None
        ],
    }


def _component(assessment: Assessment, train: str, descriptions: Mapping[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "component": {
            "name": assessment.component,
            "description": descriptions.get(assessment.component, assessment.title),
        },
        "version": {"train": train, "version": assessment.version, "released": None, "data": None},
    }
    if newest := assessment.newest.furthest:
        document["updateAvailable"] = newest
    return document
