"""Which words the catalogs make known."""

import pytest

from gateways import all_forms
from ingest_factories import INSTANCE
from releases_factories import make_bundle, make_catalog, make_component, make_release
from workflow_releases.ingest.counts import AGENT, PLATFORM, IngestCounts
from workflow_releases.ingest.vocabulary import OF_AGENT, Allowance, Unlisted, canonical, vocabulary_of

CATALOGS = [
    make_catalog(),
    make_catalog(
        platform="drycc",
        trains=("stable",),
        bundles=(make_bundle("1.8.3"),),
        components={"storage": make_component(make_release("1.2.0+build"))},
    ),
]


def test_words_of_all_platforms_are_known() -> None:
    found = vocabulary_of(CATALOGS, all_forms())

    assert (found.platforms, found.trains) == ({"deis", "drycc"}, {"stable", "beta"})
    assert found.components == {"builder", "router", "storage"}
    assert found.versions == {
        ("", "v2.0.0"),
        ("", "v1.8.3"),
        ("builder", "v2.0.0"),
        ("router", "v2.0.0"),
        ("router", "v2.1.0"),
        ("storage", "v1.2.0"),
    }


@pytest.mark.parametrize(
    ("subject", "version", "known"),
    [
        ("router", "v2.1.0", True),
        ("", "v2.0.0", True),
        ("router", "v9.9.9", True),
        ("router", "v9.9.9-rc1", True),
        ("router", "v9.9.9-beta.2", True),
        ("router", "v99999.99999.99999", True),
        ("router", "v100000.0.0", False),
        ("router", "2.1.0", False),
        ("router", "v2.1", False),
        ("router", "v02.1.0", False),
        ("router", "v2.1.0-20170901", False),
        ("router", "v2.1.0-customer", False),
        ("router", "v2.1.0+build", False),
        ("router", "git-abc1234", False),
        ("router", "canary", False),
        ("router", "v2.1.0 ", False),
        ("router", "v2.1.٠", False),
    ],
)
def test_version_is_listed_or_has_the_form_of_one(subject: str, version: str, known: bool) -> None:
    assert vocabulary_of(CATALOGS, all_forms()).knows_version(subject, version) is known


def test_unlisted_pairs_are_admitted_up_to_the_bound_and_listed_ones_beyond_it() -> None:
    counts = IngestCounts()
    unlisted = Unlisted(counts, {PLATFORM: Allowance(2, 2, 2), AGENT: Allowance(1, 1, 1)})
    known = vocabulary_of(CATALOGS, unlisted.of_sender(b"192.0.2.1", INSTANCE))

    answers = [
        known.knows_version(*pair)
        for pair in [
            ("router", "v3.0.0"),
            ("builder", "v3.0.0"),
            ("builder", "v3.1.0"),
            ("router", "v3.0.0"),
            ("router", "v2.0.0"),
        ]
    ]

    assert answers == [True, True, False, True, True]
    assert counts.unlisted == {PLATFORM: 2, AGENT: 0}
    assert +counts.not_admitted == {(PLATFORM, "day"): 1}


# Reports in their order: source, instance, subject, how many versions it invents, how many of them count.
DAY: list[tuple[bytes, str, str, int, int]] = [
    (b"a", "1", "router", 31, 31),
    (b"a", "1", "builder", 1, 0),  # the instance's allowance is used up
    (b"a", "2", "builder", 31, 9),  # and now the source's
    (b"a", "3", "", 1, 0),
    (b"a", "1", OF_AGENT, 5, 2),  # the agent's versions have allowances of their own
    (b"a", "2", OF_AGENT, 5, 4),
    (b"a", "3", OF_AGENT, 9, 5),
    (b"a", "3", "router", 31, 31),  # those that count already count in everybody's reports
    *((b"%d" % number, f"{number}", "monitor", 31, 31) for number in range(4, 9)),
    (b"9", "9", "redis", 31, 5),  # of 200 in a day
    (b"10", "10", "", 1, 0),
    (b"10", "10", OF_AGENT, 9, 7),
]


def test_no_source_and_no_instance_uses_up_what_others_may_say() -> None:
    counts, told = IngestCounts(), list[int]()
    unlisted = Unlisted(counts)

    for source, instance, subject, count, _ in DAY:
        known = vocabulary_of((), unlisted.of_sender(source, instance))
        first = 100 * int(instance) if subject == "monitor" else 0
        told.append(sum(known.knows_version(subject, f"v9.{first + number}.0") for number in range(count)))

    assert told == [expected for *_, expected in DAY]
    assert counts.unlisted == {PLATFORM: 200, AGENT: 7}
    assert {allowance for _, allowance in +counts.not_admitted} == {"day", "source", "instance"}


def test_reports_spell_versions_with_v_and_without_build() -> None:
    assert [canonical(one) for one in ("1.2.3", "v1.2.3", "1.2.3+k3s1")] == ["v1.2.3"] * 3
