"""Which words the catalogs make known."""

import pytest

from releases_factories import make_bundle, make_catalog, make_component, make_release
from workflow_releases.ingest.vocabulary import Unlisted, canonical, vocabulary_of

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
    found = vocabulary_of(CATALOGS, Unlisted())

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
    assert vocabulary_of(CATALOGS, Unlisted()).knows_version(subject, version) is known


def test_unlisted_pairs_are_admitted_up_to_the_bound_and_listed_ones_beyond_it() -> None:
    unlisted = Unlisted(most=2)
    known = vocabulary_of(CATALOGS, unlisted)

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

    assert (answers, len(unlisted)) == ([True, True, False, True, True], 2)


def test_reports_spell_versions_with_v_and_without_build() -> None:
    assert [canonical(one) for one in ("1.2.3", "v1.2.3", "1.2.3+k3s1")] == ["v1.2.3"] * 3
