"""Words that are no secret of anybody's, because the platform's makers published them themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from workflow_exporter.platforms.profile import Profile
from workflow_exporter.snapshot import CatalogFacts

_SHIPPED_TRAIN = "stable"  # the default of TRAIN, and the only train of the shipped catalogs


@dataclass(frozen=True, slots=True)
class Words:
    """All names that a report may hold. What is not among them becomes `other`."""

    platforms: frozenset[str] = frozenset()
    components: frozenset[str] = frozenset()
    trains: frozenset[str] = frozenset({_SHIPPED_TRAIN})

    @classmethod
    def of_profiles(cls, profiles: Iterable[Profile]) -> Self:
        """`profiles` are the shipped ones; one that an operator wrote may name what nobody else knows."""
        known = tuple(profiles)
        return cls(
            platforms=frozenset(profile.name for profile in known),
            components=frozenset(name for profile in known for name in profile.components),
        )

    def and_those_of(self, catalog: CatalogFacts) -> "Words":
        """With what the platform's catalog publishes."""
        return Words(
            platforms=self.platforms | ({catalog.platform} if catalog.platform else set()),
            components=self.components | set(catalog.components),
            trains=self.trains | set(catalog.trains),
        )
