import pytest

from workflow_exporter.errors import SettingsError
from workflow_exporter.platforms.off_cluster import check_off_cluster
from workflow_exporter.platforms.reader import shipped_profiles

PROFILES = shipped_profiles()


def test_every_component_of_any_profile_in_question_may_be_off_the_cluster() -> None:
    for profile in PROFILES:
        check_off_cluster(profile.components, PROFILES)


def test_slip_in_off_cluster_is_refused_with_the_names_that_are_close() -> None:
    with pytest.raises(SettingsError, match=r"^OFF_CLUSTER names 'mino', .*: did you mean minio\b"):
        check_off_cluster({"database", "mino"}, PROFILES[:1])


def test_word_in_off_cluster_that_is_like_no_component_is_answered_with_all_of_them() -> None:
    everything = ", ".join(sorted(PROFILES[0].components))

    with pytest.raises(SettingsError) as refusal:
        check_off_cluster({"xyzzy"}, PROFILES[:1])

    assert str(refusal.value).endswith(
        f"'xyzzy', which is no component of the platform: there are {everything}"
    )
    assert "\n" not in str(refusal.value)


def test_component_of_another_platform_only_cannot_be_off_this_ones_cluster() -> None:
    with pytest.raises(SettingsError, match="'victoriametrics'"):
        check_off_cluster({"victoriametrics"}, PROFILES[:1])


@pytest.mark.parametrize(
    "name", ["monitor/grafana", "monitor/deis-monitor-grafana", "monitor/monitor-grafana"]
)
def test_workload_of_a_component_may_be_off_the_cluster_by_the_end_of_its_name(name: str) -> None:
    check_off_cluster({name}, PROFILES)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("monitor/grafna", "monitor has no workload 'grafna': did you mean grafana"),
        ("monitor/afana", "monitor has no workload 'afana'"),
        ("router/grafana", "router has no workload 'grafana': there are deis-router, router"),
        ("moniter/grafana", "no component of the platform: did you mean monitor"),
        ("monitor/", "monitor has no workload ''"),
    ],
)
def test_slip_in_a_workload_of_off_cluster_is_refused_with_what_there_is(name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check_off_cluster({name}, PROFILES[:1])
