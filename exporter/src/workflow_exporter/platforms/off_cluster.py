"""Whether OFF_CLUSTER names components that there are. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

from workflow_exporter.errors import SettingsError
from workflow_exporter.platforms.profile import Profile


def check_off_cluster(names: Iterable[str], profiles: Iterable[Profile]) -> None:
    """Raises SettingsError for a name that no profile has: a slip would leave its component missing.

    A name is `component`, or `component/workload` with the end of a workload's name: `monitor/grafana`.
    """
    workloads: dict[str, set[str]] = {}
    for profile in profiles:
        for component in profile.components.values():
            known = workloads.setdefault(component.name, set())
            known.update(row.name for row in component.rows)
            if component.config_map:
                known.add(component.config_map.name)
    for name in sorted(set(names)):
        component_name, slash, word = name.partition("/")
        if component_name not in workloads:
            raise SettingsError(
                f"OFF_CLUSTER names {name!r}, which is no component of the platform: "
                f"{_hint(component_name, workloads)}"
            )
        parts = {end for row in workloads[component_name] for end in _ends(row)}
        if slash and word not in parts:
            raise SettingsError(
                f"OFF_CLUSTER names {name!r}, and {component_name} has no workload {word!r}: "
                f"{_hint(word, parts)}"
            )


def _ends(name: str) -> Iterable[str]:
    """`deis-monitor-grafana`, `monitor-grafana`, `grafana`."""
    words = name.split("-")
    return ("-".join(words[start:]) for start in range(len(words)))


def _hint(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = get_close_matches(word, names, n=3)
    return f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names) or 'none'}"
