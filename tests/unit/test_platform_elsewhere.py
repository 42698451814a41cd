"""A platform that also runs in a namespace that is not looked at is told by a notice."""

from datetime import UTC, datetime

from clusters import as_running_objects, held, manifests
from fakes.held_cluster import HeldCluster
from workflow_exporter.cluster.detect import Elsewhere
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.refresh import Composer
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot
from workflow_exporter.terminal import exit_status, render
from workflow_exporter.web.api import document_of_status
from workflow_exporter.web.disclosure import disclose
from workflow_exporter.web.page import Pages, page_view

PROFILES = shipped_profiles()
NOW = datetime(2026, 9, 1, tzinfo=UTC)
TITLE = "Drycc Workflow also runs in namespace drycc; set WORKFLOW_NAMESPACE to look at it"


def snapshot(*elsewhere: Elsewhere) -> Snapshot:
    deis = HeldCluster(held(as_running_objects(manifests("deis-v2.18.0")), PROFILES))
    composer = Composer(
        deis, PROFILES, "deis", choices=Choices(), identity_key=b"k" * 32, elsewhere=elsewhere
    )
    return composer.compose(NOW, CatalogReading(None), None)


def test_notice_is_on_the_page_in_the_status_and_in_the_terminal() -> None:
    shown = snapshot(Elsewhere("Drycc Workflow", "drycc"))

    public = disclose(shown)
    assert f"<h3>{TITLE}</h3>" in Pages("0.1.0").page(page_view(public, NOW))
    (notice,) = document_of_status(public.snapshot, public.nodes, "0.1.0")["notices"]
    assert (notice["id"], notice["severity"], notice["title"]) == ("also-in-drycc", "info", TITLE)
    assert f"Info: {TITLE}" in render(shown, everything=False, colour=False).splitlines()


def test_notice_changes_no_verdict_and_no_exit_status() -> None:
    shown, alone = snapshot(Elsewhere("Drycc Workflow", "drycc")), snapshot()

    assert (shown.components, exit_status(shown)) == (alone.components, exit_status(alone))
    assert alone.notices == ()
