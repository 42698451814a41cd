"""The page: everything an operator wants at a glance, rendered on the server, without JavaScript."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from workflow_exporter.inventory import Leftover
from workflow_exporter.plain_text import marked
from workflow_exporter.snapshot import Snapshot, SourceState
from workflow_exporter.web import sections
from workflow_exporter.web.banners import Banner, Tone, banners, bundle_is_behind
from workflow_exporter.web.component_rows import MARKS, ComponentRow, component_rows
from workflow_exporter.web.disclosure import PublicView
from workflow_exporter.web.links import Link, https_link
from workflow_exporter.web.report_page import ReportView
from workflow_exporter.web.wording import Moment, counted, day, day_and_time, listed, moment_ago, rfc3339

# Not below a minute, so that nobody is interrupted while reading; the page lets one slow it down or
# stop it, as WCAG 2.2.1 asks.
REFRESH_CHOICES = {"60": "every minute", "300": "every 5 minutes", "off": "never"}
DEFAULT_REFRESH = "60"
_ICON_COLOURS = {
    Tone.SECURITY: "#c0231c",
    Tone.OUTDATED: "#e8a317",
    Tone.MISSING: "#e8a317",
    Tone.END_OF_LIFE: "#5d4a7e",
    Tone.UNKNOWN: "#4a6580",
    Tone.STALE: "#4a6580",
    Tone.UNREAD: "#4a6580",
    Tone.QUIET: "#6b6f76",
    Tone.CURRENT: "#217a46",
}


@dataclass(frozen=True, slots=True)
class NoticeView:
    severity: str
    title: str
    paragraphs: tuple[str, ...]
    published: Moment | None
    link: Link | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many components bear a mark."""

    mark: str
    count: int
    offset: int  # components before it, where its part of the bar begins


@dataclass(frozen=True, slots=True)
class PageView:
    """All that the template shows; no decision is left to it."""

    document_title: str
    icon: str  # data: URI, coloured by the loudest banner
    platform_title: str
    namespace: str
    kubernetes_version: str | None
    bundle: str  # "v2.18.0, 2 drifted, 1 missing"
    newest_bundle: str | None
    taken_at: Moment
    taken_ago: str
    installed: str | None  # day the namespace was made
    banners: tuple[Banner, ...]
    notices: tuple[NoticeView, ...]
    tallies: tuple[Tally, ...]
    components: tuple[ComponentRow, ...]
    unobserved: str
    workloads: tuple[sections.WorkloadRow, ...]
    pods: tuple[sections.PodRow, ...]
    services: tuple[sections.ServiceRow, ...]
    leftovers: tuple[Leftover, ...]
    unknown_workloads: str | None
    malformed: str | None
    nodes: sections.NodeSection
    sources: tuple[sections.SourceRow, ...]
    checks: tuple[bool, str]  # effective, in words
    reporting: tuple[bool, str]
    catalog: str  # "changed 7 Sep 2017, never expires"


def page_view(public: PublicView, now: datetime) -> PageView:
    snapshot = public.snapshot
    inventory, found = snapshot.inventory, banners(snapshot, now)
    created = inventory.cluster.instance_created
    rows = component_rows(snapshot.components, now)
    return PageView(
        document_title=f"{found[0].headline} · {inventory.platform_title}",
        icon=_icon(found[0].tone),
        platform_title=inventory.platform_title,
        namespace=inventory.namespace,
        kubernetes_version=inventory.cluster.kubernetes_version,
        bundle=bundle_sentence(snapshot),
        newest_bundle=_newest_bundle(snapshot),
        taken_at=Moment(day_and_time(snapshot.taken_at), rfc3339(snapshot.taken_at)),
        taken_ago=moment_ago(snapshot.taken_at, now).words,
        installed=day(created) if created else None,
        banners=found,
        notices=_notices(snapshot),
        tallies=_tallies(rows),
        components=rows,
        unobserved=listed(snapshot.unobserved),
        workloads=sections.workload_rows(snapshot),
        pods=sections.pod_rows(inventory, now),
        services=sections.service_rows(inventory),
        leftovers=inventory.leftovers,
        unknown_workloads=sections.unknown_workloads_sentence(inventory.unknown_workloads),
        malformed=_malformed(snapshot),
        nodes=sections.node_section(public.nodes, snapshot.sources),
        sources=sections.source_rows(snapshot.sources, now),
        checks=_mode(snapshot, "checks", enabled=snapshot.checks_enabled),
        reporting=_mode(snapshot, "reporting", enabled=snapshot.reporting_enabled),
        catalog=_catalog(snapshot),
    )


def bundle_sentence(snapshot: Snapshot) -> str:
    """`v2.18.0, 2 drifted, 1 missing`; why no release is named where none is."""
    bundle = snapshot.bundle
    if not snapshot.inventory.workloads:
        return "nothing found"
    nothing = "release not known" if bundle.newest is None else "no release matches what runs"
    parts = [bundle.version or nothing]
    if bundle.drifted:
        parts.append(f"{bundle.drifted:,} drifted")
    if bundle.missing:
        parts.append(f"{bundle.missing:,} missing")
    if snapshot.incomplete:
        parts.append(f"{len(snapshot.incomplete):,} incomplete")
    return ", ".join(parts)


def _newest_bundle(snapshot: Snapshot) -> str | None:
    bundle = snapshot.bundle
    if bundle.newest is None:
        return None
    train = "" if bundle.train == "stable" else f" of train {bundle.train}"
    when = f" ({day(bundle.newest_released)})" if bundle.newest_released else ""
    if bundle.version is not None and not bundle_is_behind(snapshot):
        return f"the newest{train}{when}"
    return f"newest{train}: {bundle.newest}{when}"


def _notices(snapshot: Snapshot) -> tuple[NoticeView, ...]:
    return tuple(
        NoticeView(
            severity=notice.severity.value,
            title=notice.title,
            paragraphs=tuple(part for part in notice.text.split("\n\n") if part.strip()),
            published=Moment(day(notice.published), rfc3339(notice.published)) if notice.published else None,
            link=https_link(notice.url, "Read more"),
        )
        for notice in snapshot.notices
    )


def _tallies(rows: tuple[ComponentRow, ...]) -> tuple[Tally, ...]:
    marks = [row.mark for row in rows]  # rows are sorted by mark already
    return tuple(Tally(mark, marks.count(mark), marks.index(mark)) for mark in MARKS if mark in marks)


def _malformed(snapshot: Snapshot) -> str | None:
    skipped = [
        f"{n:,} of {source}" for source, n in sorted(snapshot.inventory.malformed_objects.items()) if n
    ]
    return f"Objects that could not be decoded and were skipped: {listed(skipped)}." if skipped else None


def _mode(snapshot: Snapshot, name: str, *, enabled: bool) -> tuple[bool, str]:
    """The effective state, and the words of the mode without the one that says the same."""
    return enabled, snapshot.modes.get(name, "").removeprefix("on: " if enabled else "off: ")


def _catalog(snapshot: Snapshot) -> str:
    catalog = snapshot.catalog
    if catalog.generated is None:
        return "none"
    if catalog.expires is None:
        expiry = "never expires"
    else:
        expiry = f"{'expired' if catalog.expired else 'expires'} {day(catalog.expires)}"
    return f"{catalog.title or snapshot.inventory.platform_title}, changed {day(catalog.generated)}, {expiry}"


def _icon(tone: Tone) -> str:
    shape = f"<circle cx='8' cy='8' r='7' fill='{_ICON_COLOURS[tone]}'/>"
    return "data:image/svg+xml," + quote(
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>{shape}</svg>"
    )


def _visible(value: object) -> object:
    """Every text that a template shows passes here; markup is our own."""
    return marked(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _templates() -> Environment:
    """Compiled when first rendered, then kept: the package's files do not change while it runs."""
    return Environment(
        loader=PackageLoader("workflow_exporter.web"),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Pages:
    """Renders HTML. The style stands in each page, allowed by its hash, so a page is one request."""

    def __init__(self, exporter_version: str) -> None:
        style = resources.files("workflow_exporter.web").joinpath("templates/style.css").read_text("utf-8")
        digest = hashlib.sha256(style.encode()).digest()
        self.style_source = f"'sha256-{base64.b64encode(digest).decode()}'"  # for the content security policy
        self._globals = {
            "style": Markup(style),  # noqa: S704  our own file, without markup
            "exporter_version": exporter_version,
            "counted": counted,
            "refresh_choices": REFRESH_CHOICES,
        }

    def page(self, view: PageView, refresh: str = DEFAULT_REFRESH) -> str:
        """The page; `refresh` is one of REFRESH_CHOICES."""
        return self._render("page.html", view=view, refresh=refresh, icon_uri=view.icon)

    def report(self, view: ReportView) -> str:
        """`/report`."""
        return self._render("report.html", view=view, icon_uri=_icon(Tone.QUIET))

    def waiting(self, sources: tuple[SourceState, ...], now: datetime) -> str:
        """Shown until the first complete snapshot; `sources` are those known so far."""
        rows = sections.source_rows(sources, now)
        return self._render("waiting.html", sources=rows, icon_uri=_icon(Tone.QUIET))

    def error(self, status: int, title: str, text: str, home: str) -> str:
        """`home` is the relative way to the page, as the error may be at any depth."""
        told = {"status": status, "title": title, "text": text, "home": home}
        return self._render("error.html", **told, icon_uri=_icon(Tone.UNKNOWN))

    def _render(self, template: str, **values: object) -> str:
        return _templates().get_template(template).render(**self._globals, **values)
