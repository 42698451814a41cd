"""The snapshot as text in a terminal, and the exit status that a script can act on."""

from collections.abc import Iterable, Sequence
from enum import IntEnum

from workflow_exporter.freshness import Assessment, Verdict
from workflow_exporter.inventory import Replicas
from workflow_exporter.plain_text import blanked, escaped
from workflow_exporter.snapshot import Snapshot

_COLOURS = {  # ANSI SGR, by verdict
    Verdict.CURRENT: "32",
    Verdict.AHEAD: "36",
    Verdict.OUTDATED: "33",
    Verdict.MISSING: "31",
    Verdict.UNKNOWN: "35",
}


class ExitStatus(IntEnum):
    """What `workflow-exporter check` ends with."""

    FINE = 0
    OUTDATED_OR_MISSING = 1
    USAGE = 2  # wrong arguments or settings
    CANNOT_TELL = 3


def exit_status(snapshot: Snapshot) -> ExitStatus:
    """Something known to be wrong outweighs something not known."""
    verdicts = {assessment.verdict for assessment in snapshot.components}
    if snapshot.incomplete or verdicts & {Verdict.OUTDATED, Verdict.MISSING}:
        return ExitStatus.OUTDATED_OR_MISSING
    if Verdict.UNKNOWN in verdicts or not verdicts:
        return ExitStatus.CANNOT_TELL
    return ExitStatus.FINE


def render(snapshot: Snapshot, *, everything: bool, colour: bool) -> str:
    """The whole answer of `check`; `everything` adds workloads, services and pods."""
    parts = [_headline(snapshot), _components(snapshot, colour)]
    if everything:
        parts += [_workloads(snapshot), _services(snapshot), _pods(snapshot)]
    parts += [_notes(snapshot)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _headline(snapshot: Snapshot) -> str:
    bundle, inventory = snapshot.bundle, snapshot.inventory
    version = bundle.version or "of no known release"
    incomplete = f", {len(snapshot.incomplete)} incomplete" if snapshot.incomplete else ""
    newest = f", newest {bundle.newest}" if bundle.newest and bundle.newest != bundle.version else ""
    return escaped(
        f"{inventory.platform_title} {version} in namespace {inventory.namespace}{newest}: "
        f"{bundle.matching} matching, {bundle.drifted} drifted, {bundle.missing} missing{incomplete}"
    )


def _components(snapshot: Snapshot, colour: bool) -> str:
    rows = [_component_row(assessment) for assessment in snapshot.components]
    lines = table(("COMPONENT", "VERSION", "VERDICT", "NEWEST", "SINCE", "READY", "REASON"), rows).split("\n")
    if colour:
        for position, assessment in enumerate(snapshot.components, start=1):
            code = "1;31" if assessment.security else _COLOURS.get(assessment.verdict)
            if code:
                lines[position] = f"\x1b[{code}m{lines[position]}\x1b[0m"
    return "\n".join(lines)


def _component_row(assessment: Assessment) -> tuple[str, ...]:
    since = assessment.outdated_since
    reasons = ["security update"] if assessment.security else []
    reasons += ["rolling out"] if assessment.rolling else []
    reasons += [assessment.reason] if assessment.reason else []
    return (
        assessment.component,
        assessment.version or "-",
        assessment.verdict.value,
        assessment.newest.furthest or "-",
        since.date().isoformat() if since else "-",
        _ready(assessment.replicas),
        "; ".join(reasons),
    )


def _workloads(snapshot: Snapshot) -> str:
    rows = []
    for workload in snapshot.inventory.workloads:
        ready = _ready(workload.replicas)
        rows += [(workload.kind.value, workload.name, c.name, c.image, ready) for c in workload.containers]
    return table(("KIND", "WORKLOAD", "CONTAINER", "IMAGE", "READY"), rows)


def _ready(replicas: Replicas | None) -> str:
    return f"{replicas.ready}/{replicas.desired}" if replicas else "-"


def _services(snapshot: Snapshot) -> str:
    rows = [
        (
            service.name,
            service.type,
            ",".join(f"{port.port}/{port.protocol}" for port in service.ports) or "-",
        )
        for service in snapshot.inventory.services
    ]
    return table(("SERVICE", "TYPE", "PORTS"), rows)


def _pods(snapshot: Snapshot) -> str:
    rows = [
        (pod.name, pod.phase, "yes" if pod.ready else "no", str(pod.restarts))
        for workload in snapshot.inventory.workloads
        for pod in workload.pods
    ]
    return table(("POD", "PHASE", "READY", "RESTARTS"), rows)


def _notes(snapshot: Snapshot) -> str:
    """What the table cannot show: end of life, notices, what is not read, sources that are down."""
    catalog, lines = snapshot.catalog, []
    if catalog.end_of_life:
        successor = f"; {catalog.successor.title} carries on" if catalog.successor else ""
        lines.append(f"End of life: {catalog.end_of_life.date.date().isoformat()}{successor}.")
    lines += [f"{notice.severity.value.capitalize()}: {notice.title}" for notice in snapshot.notices]
    if catalog.problem:
        lines.append(f"Cannot tell what is newest: {catalog.problem}.")
    if snapshot.unobserved:
        lines.append(f"Not observed, so in no count: {', '.join(snapshot.unobserved)}.")
    unknown = sum(snapshot.inventory.unknown_workloads.values())
    if unknown:
        lines.append(f"{unknown} objects in the namespace belong to no known component.")
    malformed = [f"{count:,} of {source}" for source, count in snapshot.inventory.malformed_objects.items()]
    if malformed:
        lines.append(f"Objects that could not be decoded and were skipped: {', '.join(malformed)}.")
    if any(source.source == "pods" and not source.recorded for source in snapshot.sources):
        lines.append("Pods are not recorded: versions are those that the workloads ask for.")
    lines += [
        f"Source {source.source} is down: {source.reason}."
        for source in snapshot.sources
        if source.up is False
    ]
    return "\n".join(escaped(line) for line in lines)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces between, nothing at the ends of lines."""
    lines = [tuple(header), *(tuple(blanked(cell) for cell in row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
