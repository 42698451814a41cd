"""The page as HTML: what it shows, and what a hostile catalog or cluster cannot make it do."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import factories as make
import snapshots
from true_clusters import NOW, sources_up
from workflow_exporter.catalog import EndOfLife, Notice, Severity, Successor
from workflow_exporter.inventory import Leftover, ServicePort
from workflow_exporter.snapshot import Snapshot, SourceState
from workflow_exporter.web.disclosure import disclose
from workflow_exporter.web.page import Pages, PageView, bundle_sentence, page_view

PAGES = Pages("0.1.0")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7*7 }} {% raw %}"
WHOLE_STATES = [state for state in snapshots.STATES if state != "not_ready"]


def view(snapshot: Snapshot) -> PageView:
    return page_view(disclose(snapshot), NOW)


def html(snapshot: Snapshot) -> str:
    return PAGES.page(view(snapshot))


class Seen(HTMLParser):
    """Tags with their attributes, and the text outside of the style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if not self.tags or self.tags[-1][0] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("state", WHOLE_STATES)
def test_every_state_has_landmarks_one_heading_and_labelled_tables(state: str) -> None:
    seen = Seen(html(snapshots.STATES[state]()))

    assert [len(seen.all(tag)) for tag in ("main", "header", "footer", "nav", "h1", "title")] == [1] * 6
    assert len(seen.all("caption")) == len(seen.all("table"))
    assert {th.get("scope") for th in seen.all("th")} == {"col", "row"}
    assert seen.all("html") == [{"lang": "en"}]


@pytest.mark.parametrize("state", WHOLE_STATES)
def test_no_state_has_script_or_inline_style_or_anything_from_elsewhere(state: str) -> None:
    seen = Seen(html(snapshots.STATES[state]()))

    assert not {tag for tag, _ in seen.tags} & {"script", "iframe", "img", "object", "form", "base"}
    assert not [a for _, attributes in seen.tags for a in attributes if a == "style" or a.startswith("on")]
    assert [link["rel"] for link in seen.all("link")] == ["icon"]


@pytest.mark.parametrize("state", WHOLE_STATES)
def test_links_are_relative_or_https_without_referrer(state: str) -> None:
    for link in Seen(html(snapshots.STATES[state]())).all("a"):
        href = link["href"] or ""
        if "//" in href:
            assert (href[:8], link.get("rel")) == ("https://", "noreferrer")
        else:
            assert re.fullmatch(r"#[a-z]+|\?refresh=\w+|[a-z0-9/]+|openapi\.json", href)


def test_in_page_links_lead_somewhere() -> None:
    seen = Seen(html(snapshots.security()))
    ids = {attributes["id"] for _, attributes in seen.tags if "id" in attributes}

    targets = {a["href"][1:] for a in seen.all("a") if (a["href"] or "").startswith("#") and a["href"]}
    icons = {use["href"][1:] for use in seen.all("use") if use["href"]}

    assert targets | icons <= ids


def test_style_is_allowed_by_its_hash() -> None:
    [style] = re.findall(r"<style>(.*?)</style>", html(snapshots.current()), re.DOTALL)

    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert PAGES.style_source == f"'sha256-{digest}'"


def hostile() -> Snapshot:
    snapshot = snapshots.security()
    first = replace(
        snapshot.components[0],
        title=HOSTILE,
        reason=HOSTILE,
        version=HOSTILE,
        notes_url="javascript:alert(1)",
    )
    notice = Notice(
        id=HOSTILE, severity=Severity.CRITICAL, title=HOSTILE, text=HOSTILE, url="https://x/\"onclick='x"
    )
    catalog = replace(
        snapshot.catalog,
        notices=(notice,),
        end_of_life=EndOfLife(date=NOW, text=HOSTILE),
        successor=Successor(platform=HOSTILE, title=HOSTILE, url="data:text/html,x"),
        title=HOSTILE,
    )
    return replace(
        snapshot,
        catalog=catalog,
        components=(first, *snapshot.components[1:]),
        bundle=replace(snapshot.bundle, newest=HOSTILE, notes_url="javascript:alert(1)"),
        inventory=replace(
            snapshot.inventory,
            nodes=(make.node(os_image=HOSTILE),),
            services=(make.service(HOSTILE, HOSTILE, ports=[ServicePort(HOSTILE, 1, HOSTILE)]),),
            leftovers=(Leftover(HOSTILE, HOSTILE, 0),),
        ),
        sources=(SourceState(HOSTILE, up=False, reason=HOSTILE),),
        unobserved=(HOSTILE,),
    )


def test_hostile_text_stays_text() -> None:
    seen = Seen(html(hostile()))

    assert not {tag for tag, _ in seen.tags} & {"script", "img"}
    assert not [a for _, attributes in seen.tags for a in attributes if a.startswith("on")]
    assert HOSTILE in seen.text
    schemes = {
        (link["href"] or "").partition(":")[0] for link in seen.all("a") if ":" in (link["href"] or "")
    }
    assert schemes == {"https"}


def test_bundle_sentence() -> None:
    sentences = {state: bundle_sentence(make_state()) for state, make_state in snapshots.STATES.items()}

    assert sentences == {
        "current": "v2.23.0",
        "outdated": "v2.22.1, 2 drifted, 1 missing",
        "security": "v2.22.1, 2 drifted, 1 missing",
        "end_of_life": "v2.18.0",
        "cannot_tell": "release not known",
        "checks_off": "release not known",
        "empty_namespace": "nothing found",
        "forbidden": "v2.23.0",
        "forbidden_everything": "nothing found",
        "stale": "v2.23.0",
        "not_ready": "v2.23.0",
    }


def test_what_differs_from_the_newest_bundle_is_named() -> None:
    assert view(snapshots.outdated()).newest_bundle == "newest: v2.23.0 (8 May 2021)"
    assert view(snapshots.current()).newest_bundle == "the newest (8 May 2021)"
    assert view(snapshots.cannot_tell()).newest_bundle is None
    on_beta = replace(snapshots.outdated().bundle, train="beta", newest_released=None)
    assert (
        view(replace(snapshots.outdated(), bundle=on_beta)).newest_bundle == "newest of train beta: v2.23.0"
    )


def test_tallies_count_each_mark_and_lie_side_by_side_in_the_bar() -> None:
    tallies = [(tally.mark, tally.count, tally.offset) for tally in view(snapshots.security()).tallies]

    assert tallies == [
        ("security", 1, 0),
        ("outdated", 3, 1),
        ("missing", 1, 4),
        ("unversioned", 1, 5),
        ("current", 7, 6),
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("outdated", "Not shown, as the platform does not know them: 2 Deployments and 14 Pods."),
        ("outdated", "rolling: its pods differ"),
        ("outdated", "since 20 Oct 2020 (5 years)"),
        ("cannot_tell", "Not observed: imagebuilder."),
        ("cannot_tell", "expired 12 Jul 2026"),
        ("checks_off", "Update checks off CHECK_VERSIONS is false"),
        ("end_of_life", "Replication controllers left over"),
        ("forbidden", "Nodes cannot be read: forbidden: no role allows to list nodes"),
        ("forbidden", "No service of the platform has been seen."),
        ("stale", "down 14 minutes ago the API server does not answer: connection refused"),
        ("security", "Earlier ones answer some requests without checking who asks."),
        ("current", "Operating system Ubuntu 22.04.5 LTS 4 of 5 nodes"),
        ("current", "Ready 5 of 5"),
        ("current", "Memory 153 GiB"),
    ],
)
def test_states_say_what_they_are_about(state: str, words: str) -> None:
    assert words in Seen(html(snapshots.STATES[state]())).text


def test_source_that_is_not_recorded_is_no_fault() -> None:
    unrecorded = SourceState("nodes", up=None, reason="not recorded", recorded=False)
    nodes = (make.node(ephemeral_storage_bytes=None),)
    snapshot = snapshots.current()
    shown = replace(
        snapshot,
        sources=sources_up(nodes=unrecorded),
        inventory=replace(snapshot.inventory, nodes=nodes),
    )

    text = Seen(html(shown)).text

    assert "nodes not recorded" in text
    assert "Cannot read" not in text
    assert "Ephemeral storage not reported" in text


def test_title_and_icon_tell_the_state_from_the_tab() -> None:
    found = view(snapshots.security())

    assert found.document_title == "Security update for 1 component · Hephy Workflow"
    assert "%23c0231c" in found.icon
    assert "%23217a46" in view(snapshots.current()).icon


def test_objects_that_were_skipped_are_told() -> None:
    snapshot = snapshots.current()
    inventory = replace(snapshot.inventory, malformed_objects={"nodes": 1, "pods": 0})

    assert "skipped: 1 of nodes." in html(replace(snapshot, inventory=inventory))


@pytest.mark.parametrize("char", ["\x1b", "\x9b", "\u202e", "\u2066", "\u200b", "\U000e0041"], ids=ascii)
def test_no_text_on_the_page_holds_a_character_that_cannot_be_seen(char: str) -> None:
    snapshot = snapshots.STATES["outdated"]()
    hostile = f"v1{char}2"
    notice = Notice(id="n", severity=Severity.CRITICAL, title=hostile, text=f"{hostile}\n\nmore")
    workload = snapshot.inventory.workloads[0]
    snapshot = replace(
        snapshot,
        catalog=replace(
            snapshot.catalog,
            notices=(notice,),
            problem=hostile,
            successor=Successor(platform="hephy", title=hostile),
        ),
        inventory=replace(
            snapshot.inventory,
            platform_title=hostile,
            workloads=(replace(workload, name=hostile), *snapshot.inventory.workloads[1:]),
            cluster=replace(snapshot.inventory.cluster, kubernetes_version=hostile),
        ),
        sources=(SourceState("nodes", up=False, reason=hostile),),
    )

    shown = html(snapshot)

    assert char not in shown
    assert "v1\ufffd2" in shown
