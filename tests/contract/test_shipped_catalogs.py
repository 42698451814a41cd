"""The catalogs that ship say what the facts say, nothing more, and the agent believes them."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from factories import NOW, expectation, inventory, source_states, workload
from workflow_exporter.catalog import Catalog
from workflow_exporter.catalog_document import parse_catalog
from workflow_exporter.freshness import Verdict
from workflow_exporter.snapshot import CatalogReading, Choices, Snapshot, make_snapshot
from workflow_exporter.version import parse_version

ROOT = Path(__file__).parents[2] / "releases-api"
PLATFORMS = ["deis", "hephy", "drycc"]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "catalogs_from_facts", ROOT / "tools" / "catalogs_from_facts.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


def facts_of(platform: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((ROOT / "facts" / f"{platform}.json").read_text(encoding="utf-8"))
    return facts


def shipped(platform: str) -> Catalog:
    return parse_catalog((ROOT / "catalogs" / f"{platform}.json").read_bytes(), platform)


def snapshot_of(platform: str, versions: dict[str, str]) -> Snapshot:
    """What the agent says of a cluster that runs just these components."""
    return make_snapshot(
        now=NOW,
        inventory=inventory(
            [workload(name, f"example/{name}:{version}") for name, version in versions.items()],
            [expectation(name) for name in versions],
            platform=platform,
        ),
        sources=source_states(),
        reading=CatalogReading(shipped(platform)),
        identity="none here",
        choices=Choices(),
        titles={},
    )


def test_files_are_what_the_script_makes_of_the_facts() -> None:
    for path, text in SCRIPT.catalogs().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run the script"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_shipped_catalog_follows_the_schema_and_spells_out_every_field(platform: str) -> None:
    schema = json.loads((ROOT / "schema" / "catalog.schema.json").read_text(encoding="utf-8"))
    document = json.loads((ROOT / "catalogs" / f"{platform}.json").read_text(encoding="utf-8"))

    Draft202012Validator(schema).validate(document)

    definitions = schema["$defs"]
    assert document.keys() == schema["properties"].keys()
    for bundle in document["bundles"]:
        assert bundle.keys() == definitions["bundle"]["properties"].keys()
    for component in document["components"].values():
        assert component.keys() == definitions["component"]["properties"].keys()
        for release in component["releases"]:
            assert release.keys() == definitions["release"]["properties"].keys()


@pytest.mark.parametrize(
    ("platform", "counts"),
    [  # counted by whoever collected the facts, independently of the script
        ("deis", (22, 22, 22, 18, 276, 275, 362)),
        ("hephy", (20, 16, 16, 17, 101, 101, 261)),
        ("drycc", (26, 18, 20, 30, 180, 164, 278)),
    ],
)
def test_catalog_holds_as_much_as_was_collected(platform: str, counts: tuple[int, ...]) -> None:
    catalog = shipped(platform)
    releases = [release for component in catalog.components.values() for release in component.releases]

    assert counts == (
        len(catalog.bundles),
        sum(bool(bundle.components) for bundle in catalog.bundles),
        sum(bundle.released is not None for bundle in catalog.bundles),
        len(catalog.components),
        len(releases),
        sum(release.released is not None for release in releases),
        sum(len(bundle.components) for bundle in catalog.bundles),
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_version_and_day_is_the_fact_s_own(platform: str) -> None:
    facts, catalog = facts_of(platform), shipped(platform)

    assert {
        name: {(r.version, r.released and r.released.strftime("%Y-%m-%dT%H:%M:%SZ")) for r in c.releases}
        for name, c in catalog.components.items()
    } == {
        name: {(r["version"], r["released"]) for r in c["releases"]}
        for name, c in facts["components"].items()
    }
    assert [
        (b.version, b.released and b.released.strftime("%Y-%m-%dT%H:%M:%SZ"), b.components)
        for b in catalog.bundles
    ] == [(b["version"], b["released"], b["components"]) for b in facts["bundles"]]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_is_claimed_that_no_fact_says(platform: str) -> None:
    catalog = shipped(platform)
    releases = [release for component in catalog.components.values() for release in component.releases]

    assert not catalog.notices
    assert catalog.expires is None
    assert not any(r.security or r.yanked or r.digests or r.notes_url for r in releases)
    assert not any(bundle.notes_url for bundle in catalog.bundles)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_catalog_does_not_contradict_itself(platform: str) -> None:
    """Bundles name listed components and releases, and trains are announced."""
    catalog = shipped(platform)
    known = {name: {parse_version(r.version) for r in c.releases} for name, c in catalog.components.items()}

    unlisted = {
        (bundle.version, name, version)
        for bundle in catalog.bundles
        for name, version in bundle.components.items()
        if parse_version(version) not in known[name]
    }

    assert not unlisted
    trains = {bundle.train for bundle in catalog.bundles}
    trains |= {release.train for c in catalog.components.values() for release in c.releases}
    assert trains == set(catalog.trains)


def test_deis_has_ended_and_hephy_carries_on() -> None:
    catalog = shipped("deis")

    assert catalog.end_of_life is not None
    assert catalog.end_of_life.date.isoformat() == "2018-03-01T00:00:00+00:00"
    assert catalog.successor is not None
    assert (catalog.successor.platform, catalog.successor.title) == ("hephy", "Hephy Workflow")


@pytest.mark.parametrize(
    ("platform", "generated"),
    [
        ("deis", "2018-03-01T00:00:00+00:00"),
        ("hephy", "2024-01-13T01:47:07+00:00"),
        ("drycc", "2025-09-03T03:35:06+00:00"),
    ],
)
def test_generated_is_the_newest_day_in_the_facts(platform: str, generated: str) -> None:
    assert shipped(platform).generated.isoformat() == generated


def test_published_lists_of_helm_classic_are_not_derived_and_folded_ones_are() -> None:
    derived = {bundle.version: bundle.derived for bundle in shipped("deis").bundles}

    assert (derived["v2.9.0"], derived["v2.9.1"], derived["v2.18.0"]) == (False, True, True)
    assert not any(b.derived for p in PLATFORMS for b in shipped(p).bundles if not b.components)


def test_drycc_storage_is_newest_at_v4_0_2_although_v1_3_0_outnumbers_v0_2_1() -> None:
    order = shipped("drycc").components["storage"].order

    assert [str(item.version) for item in order.releases][:2] == ["v1.3.0", "v0.0.1"]
    assert str(order.releases[-1].version) == "v4.0.2"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_established_bundle_is_recognised_by_its_own_components(platform: str) -> None:
    """Or by the newest one with the very same components."""
    bundles = [bundle for bundle in shipped(platform).bundles if bundle.components]
    for bundle in bundles:
        same = [b.version for b in bundles if b.components == bundle.components]

        found = snapshot_of(platform, dict(bundle.components)).bundle

        assert (found.version, found.matching, found.drifted) == (same[-1], len(bundle.components), 0)


def test_deis_v2_18_0_is_current_but_for_what_was_never_bundled() -> None:
    bundle = shipped("deis").bundles[-1]

    snapshot = snapshot_of("deis", dict(bundle.components))

    verdicts = {a.component: a.verdict for a in snapshot.components}
    assert bundle.version == "v2.18.0"
    assert set(verdicts.values()) == {Verdict.CURRENT}
    assert snapshot.bundle.newest == "v2.18.0"


def test_drycc_quickwit_without_any_known_release_is_unknown() -> None:
    snapshot = snapshot_of("drycc", {"quickwit": "1.0.0"})

    (quickwit,) = snapshot.components
    assert (quickwit.verdict, quickwit.reason) == (
        Verdict.UNKNOWN,
        "the catalog lists no release of quickwit",
    )
