"""A stranger's objects beside the platform's: a count, however near they come to ours.

Each of their names, labels and images holds a word that no output may show.
"""

import msgspec
import pytest

from clusters import TELLING_WORD, as_running_objects, held, near_misses
from clusters.reading import resource_of
from clusters.rendered import RENDERINGS, rendering
from workflow_exporter.cluster.extract import extract
from workflow_exporter.cluster.intake import Intake
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = {profile.name: profile for profile in shipped_profiles()}


@pytest.mark.parametrize("name", RENDERINGS)
def test_strangers_near_misses_are_counted_and_nothing_of_them_is_kept(name: str) -> None:
    cluster = rendering(name)
    ours = cluster.manifests()
    strangers = as_running_objects(near_misses(cluster.namespace, ours))[1:]
    intake = Intake(shipped_profiles())

    kept = [intake.accept(resource_of(one), msgspec.json.encode(one)) for one in strangers]

    assert [one for one in kept if one.value is not None or not one.counted] == []
    assert TELLING_WORD not in repr(kept)


@pytest.mark.parametrize("name", RENDERINGS)
def test_strangers_near_misses_change_only_the_counts(name: str) -> None:
    cluster, profile = rendering(name), PROFILES[rendering(name).platform]
    ours = cluster.manifests()
    strangers = near_misses(cluster.namespace, ours)
    alone = extract(held(as_running_objects(ours), shipped_profiles()), profile, cluster.namespace)

    together = extract(
        held(as_running_objects([*ours, *strangers]), shipped_profiles()), profile, cluster.namespace
    )

    assert together.workloads == alone.workloads
    assert together.services == alone.services
    assert together.expectations == alone.expectations
    assert set(together.unknown_workloads) == {"CronJob", "Deployment", "Pod"}
    assert TELLING_WORD not in repr(together)
