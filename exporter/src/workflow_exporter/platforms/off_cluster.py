"""Whether OFF_CLUSTER names components that there are. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

from workflow_exporter.errors import SettingsError
from workflow_exporter.platforms.profile import Profile


def check_off_cluster(names: Iterable[str], profiles: Iterable[Profile]) -> None:
    """Raises SettingsError for a name that no profile has: a slip would leave its component missing."""
    components = sorted({name for profile in profiles for name in profile.components})
    for name in sorted(set(names) - set(components)):
        close = get_close_matches(name, components, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(components)}"
        raise SettingsError(f"OFF_CLUSTER names {name!r}, which is no component of the platform: {hint}")
