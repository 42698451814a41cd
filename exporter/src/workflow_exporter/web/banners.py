"""What an operator must see first: outdated, missing, end of life, cannot tell, stale; or all is well."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workflow_exporter.errors import VersionError
from workflow_exporter.freshness import Assessment, Verdict
from workflow_exporter.snapshot import Snapshot, SourceState
from workflow_exporter.version import parse_version
from workflow_exporter.web.links import Link, https_link
from workflow_exporter.web.wording import ago, counted, day, listed, sentence, span

# Snapshots are made at least every 60 s; after three that did not come the page says that it is old.
STALE_AFTER = timedelta(seconds=180)
_REASONS_AT_MOST = 3  # in the banner; the table of sources has all
_NAMED_AT_MOST = 6  # components in a sentence; the table has all
# The sources that show workloads: when none of them answers, an empty page means nothing.
WORKLOAD_SOURCES = frozenset(
    {"replicationcontrollers", "deployments", "daemonsets", "statefulsets", "cronjobs"}
)


class Tone(StrEnum):
    """How loud a banner is; the stylesheet gives each a colour, the templates a shape."""

    SECURITY = "security"
    OUTDATED = "outdated"
    MISSING = "missing"
    END_OF_LIFE = "end-of-life"
    UNKNOWN = "unknown"
    STALE = "stale"  # old data
    UNREAD = "unread"  # never had the data, as where a right was not given
    QUIET = "quiet"  # nothing to do
    CURRENT = "current"  # all is well


_BESIDE_QUIET = frozenset({Tone.END_OF_LIFE, Tone.UNREAD})  # say nothing against the components themselves


@dataclass(frozen=True, slots=True)
class Banner:
    tone: Tone
    headline: str
    lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


def banners(snapshot: Snapshot, now: datetime) -> tuple[Banner, ...]:
    """The loudest first; never empty."""
    if snapshot.inventory.workloads:
        found = [
            _outdated(snapshot),
            _missing(snapshot),
            _incomplete(snapshot),
            _end_of_life(snapshot, now),
            _unknown(snapshot),
        ]
    else:
        found = [_nothing_found(snapshot), _end_of_life(snapshot, now)]
    found.append(_stale(snapshot, now))
    loud = tuple(banner for banner in found if banner is not None)
    if any(banner.tone not in _BESIDE_QUIET for banner in loud):
        return loud
    return (*loud, _quiet(snapshot, ended=end_of_life_passed(snapshot, now)))


def end_of_life_passed(snapshot: Snapshot, now: datetime) -> bool:
    end = snapshot.catalog.end_of_life
    return end is not None and end.date <= now


def _outdated(snapshot: Snapshot) -> Banner | None:
    outdated = [a for a in snapshot.components if a.verdict is Verdict.OUTDATED]
    security = [a for a in snapshot.components if a.security]
    if security:
        headline = f"Security update for {counted(len(security), 'component')}"
        lines = [f"A newer release closes a security hole in {_names(security)}."]
        if others := len([a for a in outdated if not a.security]):
            lines.append(f"{counted(others, 'more component')} {'is' if others == 1 else 'are'} outdated.")
        return Banner(Tone.SECURITY, headline, (*lines, *_bundle_upgrade(snapshot)), _bundle_links(snapshot))
    if outdated:
        lines = [f"{_names(outdated)} {'has' if len(outdated) == 1 else 'have'} newer releases."]
        headline = f"Outdated: {counted(len(outdated), 'component')}"
        return Banner(Tone.OUTDATED, headline, (*lines, *_bundle_upgrade(snapshot)), _bundle_links(snapshot))
    return None


def bundle_is_behind(snapshot: Snapshot) -> bool:
    """Whether a newer release of the whole platform exists than the one that runs."""
    running, newest = snapshot.bundle.version, snapshot.bundle.newest
    if running is None or newest is None:
        return False
    try:
        return parse_version(newest) > parse_version(running)
    except VersionError:
        return False


def _bundle_upgrade(snapshot: Snapshot) -> tuple[str, ...]:
    if not bundle_is_behind(snapshot):
        return ()
    bundle = snapshot.bundle
    when = f", released {day(bundle.newest_released)}" if bundle.newest_released else ""
    return (f"The newest platform release is {snapshot.inventory.platform_title} {bundle.newest}{when}.",)


def _bundle_links(snapshot: Snapshot) -> tuple[Link, ...]:
    if not bundle_is_behind(snapshot):
        return ()
    return _present(https_link(snapshot.bundle.notes_url, f"What {snapshot.bundle.newest} brings"))


def _missing(snapshot: Snapshot) -> Banner | None:
    missing = [a for a in snapshot.components if a.verdict is Verdict.MISSING]
    if not missing:
        return None
    where, belongs = snapshot.inventory.namespace, "belongs" if len(missing) == 1 else "belong"
    line = (
        f"{_names(missing)} {belongs} to {snapshot.inventory.platform_title} and cannot be found in "
        f"namespace {where}. What runs elsewhere can be named in OFF_CLUSTER."
    )
    return Banner(Tone.MISSING, f"Missing: {counted(len(missing), 'component')}", (line,))


def _incomplete(snapshot: Snapshot) -> Banner | None:
    """Components that are there and have lost a workload."""
    incomplete = snapshot.incomplete
    if not incomplete:
        return None
    lines = [f"{a.title} has lost {listed([str(one) for one in a.missing_workloads])}." for a in incomplete]
    lines.append("What runs elsewhere can be named in OFF_CLUSTER, as component/workload.")
    return Banner(Tone.MISSING, f"Incomplete: {counted(len(incomplete), 'component')}", tuple(lines))


def _end_of_life(snapshot: Snapshot, now: datetime) -> Banner | None:
    end, successor = snapshot.catalog.end_of_life, snapshot.catalog.successor
    if end is None:
        return None
    title = snapshot.inventory.platform_title
    if end_of_life_passed(snapshot, now):
        headline = f"{title} ended on {day(end.date)}"
        lines = [
            f"It has had no releases or fixes for {span(now - end.date)}: “current” means only the last one."
        ]
    else:
        headline = f"{title} ends on {day(end.date)}"
        lines = [f"No releases or fixes will come after that, in {span(end.date - now)}."]
    if end.text:
        lines.append(sentence(end.text))
    if successor:
        lines.append(f"{successor.title} carries on.")
    link = https_link(successor.url, f"Move to {successor.title}") if successor else None
    return Banner(Tone.END_OF_LIFE, headline, tuple(lines), _present(link))


def _unknown(snapshot: Snapshot) -> Banner | None:
    if snapshot.catalog.problem:
        headline = "Cannot tell whether anything is outdated"
        return Banner(Tone.UNKNOWN, headline, (sentence(snapshot.catalog.problem),))
    unknown = [a for a in snapshot.components if a.verdict is Verdict.UNKNOWN]
    if not unknown:
        return None
    line = f"The table says why nothing can be said of {_names(unknown)}."
    return Banner(Tone.UNKNOWN, f"Cannot tell for {counted(len(unknown), 'component')}", (line,))


def _nothing_found(snapshot: Snapshot) -> Banner:
    inventory = snapshot.inventory
    sources = [s for s in snapshot.sources if s.source in WORKLOAD_SOURCES]
    down = [s.source for s in sources if s.up is False]
    if not any(s.recorded for s in sources):
        down = [s.source for s in sources]
    if down:
        return Banner(
            Tone.UNKNOWN,
            f"Cannot see what runs in namespace {inventory.namespace}",
            (f"Nothing can be said of the components without {listed(down)}.",),
        )
    return Banner(
        Tone.UNKNOWN,
        f"Nothing of {inventory.platform_title} runs in namespace {inventory.namespace}",
        (
            "The namespace was read, and no workload in it is one that this platform is known by.",
            "If it is installed elsewhere, set WORKFLOW_NAMESPACE; if it is another platform, set PLATFORM.",
        ),
    )


def _stale(snapshot: Snapshot, now: datetime) -> Banner | None:
    if now - snapshot.taken_at > STALE_AFTER:
        return Banner(
            Tone.STALE,
            f"All of this is {span(now - snapshot.taken_at)} old",
            ("The agent has stopped refreshing what it shows; its log says why.",),
        )
    down = [state for state in snapshot.sources if state.up is False]
    if not down:
        return None
    lines = _down_lines(down, now)
    seen = [state.last_success for state in down if state.last_success]
    if seen:
        return Banner(Tone.STALE, f"Some of this is {span(now - min(seen))} old", lines)
    return Banner(Tone.UNREAD, f"Cannot read {counted(len(down), 'source')}", lines)


def _down_lines(down: list[SourceState], now: datetime) -> tuple[str, ...]:
    lines = [_down(reason, states, now) for reason, states in _by_reason(down).items()]
    if len(lines) <= _REASONS_AT_MOST:
        return tuple(lines)
    more = counted(len(lines) - _REASONS_AT_MOST, "more reason")
    return (*lines[:_REASONS_AT_MOST], f"And {more}: see the sources below.")


def _by_reason(down: Iterable[SourceState]) -> dict[str, list[SourceState]]:
    groups: dict[str, list[SourceState]] = {}
    for state in down:
        groups.setdefault(state.reason or "no reason given", []).append(state)
    return groups


def _down(reason: str, states: list[SourceState], now: datetime) -> str:
    seen = [state.last_success for state in states if state.last_success]
    age = f"last read {ago(min(seen), now)}" if seen else "never read"
    names = listed([state.source for state in states])
    told = reason if reason.startswith(names) else f"{names}: {reason}"  # `pods is forbidden: …`
    return f"{told} ({age})"


def _quiet(snapshot: Snapshot, *, ended: bool) -> Banner:
    verdicts = [a.verdict for a in snapshot.components]
    judged = sum(v in (Verdict.CURRENT, Verdict.AHEAD) for v in verdicts)
    unversioned = verdicts.count(Verdict.UNVERSIONED)
    aside: tuple[str, ...] = ()
    if unversioned:
        aside = (f"{counted(unversioned, 'component')} cannot be compared. The table says why.",)
    if not judged:
        return Banner(Tone.QUIET, "There is nothing to compare", aside)
    if ended:
        return Banner(Tone.QUIET, "Nothing newer exists within this line", aside)
    which = "The only component" if judged == 1 else f"All {judged:,}"
    if unversioned:
        which += " that can be compared" if judged == 1 else " components that can be compared"
    elif judged > 1:
        which += " components"
    return Banner(Tone.CURRENT, f"{which} {'is' if judged == 1 else 'are'} current", aside)


def _names(components: list[Assessment]) -> str:
    names = [a.title for a in components]
    if len(names) <= _NAMED_AT_MOST:
        return listed(names)
    return f"{', '.join(names[: _NAMED_AT_MOST - 1])} and {len(names) - _NAMED_AT_MOST + 1} more"


def _present(*links: Link | None) -> tuple[Link, ...]:
    return tuple(link for link in links if link is not None)
