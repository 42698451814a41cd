"""The catalogs that ship say what the facts say, nothing more, and the agent believes them."""

import importlib.util
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
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
from workflow_exporter.terminal import ExitStatus, exit_status
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


@dataclass(frozen=True)
class Rule:
    """A bundle by its platform's rule, worked out apart from the script: from days as text."""

    facts: dict[str, Any]
    bundle: dict[str, Any]

    @property
    def applies(self) -> bool:
        versions = [bundle["version"] for bundle in self.facts["bundles"]]
        since = versions.index(self.facts["rule"]["since"])
        return versions.index(self.bundle["version"]) >= since and self._moment is not None

    def certain(self) -> dict[str, str]:
        """What was the newest on the day and on each of the seven days after it."""
        if not self.applies:
            return {}
        moment = datetime.fromisoformat(str(self._moment))
        week = [f"{moment + timedelta(days=number):%Y-%m-%d}T24" for number in range(8)]
        newest = {name: {self._newest(name, day) for day in week} for name in self.names}
        return {name: str(*found) for name, found in newest.items() if len(found) == 1 and None not in found}

    def possible(self, name: str) -> set[str | None]:
        """What was the newest at some hour from seven days before the bundle to seven days after its day."""
        moment = datetime.fromisoformat(str(self._moment))
        hours = [moment + timedelta(hours=number) for number in range(-7 * 24, 8 * 24)]
        days = [f"{hour:%Y-%m-%dT%H:%M:%SZ}" for hour in hours]
        return {self._newest(name, day) for day in days}

    @property
    def names(self) -> set[str]:
        fills = set(self.facts["rule"]["fills"])
        return fills | set(self.bundle.get("members", ())) | set(self.bundle["components"])

    @property
    def _moment(self) -> str | None:
        day: str | None = self.bundle["released"] or self.bundle.get("rule_day")
        return day

    def _newest(self, name: str, until: str) -> str | None:
        """None: there was no tag, or whether a later version was there is not known."""
        component = self.facts["components"][name]
        first = component.get("line_first", ())
        ordered = sorted(
            component["releases"],
            key=lambda one: (one["version"] not in first, parse_version(one["version"])),
            reverse=True,
        )
        for later, one in pairwise([None, *ordered]):
            assert one is not None
            if one["released"] and one["released"] <= until:
                return None if later is not None and later["released"] is None else str(one["version"])
        return None


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
        ("deis", (22, 22, 22, 18, 276, 275, 362 + 4)),  # by the rule: registry-proxy in four bundles
        ("hephy", (20, 16, 16, 17, 101, 101, 261 + 10)),  # registry-proxy in ten
        ("drycc", (26, 18 + 7, 20 + 1, 30, 180, 164, 278 + 87)),  # seven bundles, and one component in two
    ],
)
def test_catalog_holds_as_much_as_was_collected_and_follows_from_it(
    platform: str, counts: tuple[int, ...]
) -> None:
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
        (b.version, b.released and b.released.strftime("%Y-%m-%dT%H:%M:%SZ")) for b in catalog.bundles
    ] == [(b["version"], b["released"]) for b in facts["bundles"]]
    for bundle, fact in zip(catalog.bundles, facts["bundles"], strict=True):
        listed = fact["components"]
        beside = {name: one for name, one in bundle.components.items() if listed.get(name) != one}
        assert beside.items() <= Rule(facts, fact).certain().items(), bundle.version
        assert fact["components"].keys() <= bundle.components.keys()


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

    assert [version for version, by_rule in derived.items() if not by_rule] == list(derived)[:12]
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


def test_drycc_quickwit_without_any_known_release_is_unversioned() -> None:
    snapshot = snapshot_of("drycc", {"quickwit": "1.0.0"})

    (quickwit,) = snapshot.components
    assert (quickwit.verdict, quickwit.reason) == (
        Verdict.UNVERSIONED,
        "the catalog lists no release of quickwit",
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_bundle_holds_all_that_is_certain_by_the_rule_and_not_in_its_list(platform: str) -> None:
    facts = facts_of(platform)
    for bundle, fact in zip(shipped(platform).bundles, facts["bundles"], strict=True):
        certain = {n: v for n, v in Rule(facts, fact).certain().items() if n not in fact["components"]}

        found = {n: v for n, v in bundle.components.items() if n not in fact["components"]}

        assert found == certain, bundle.version
        assert bundle.derived or not found, bundle.version


@pytest.mark.parametrize("platform", ["deis", "drycc"])
def test_every_derived_bundle_agrees_with_the_rule_where_tags_are_dated(platform: str) -> None:
    """Lists were folded by hand and tags may be a week late or early, but nothing lies outside of that."""
    facts = facts_of(platform)
    compared = 0
    for bundle, fact in zip(shipped(platform).bundles, facts["bundles"], strict=True):
        rule = Rule(facts, fact)
        for name, version in bundle.components.items() if rule.applies else ():
            possible = rule.possible(name) - {None}
            assert not possible or version in possible, (bundle.version, name)
            compared += bool(possible)
    assert compared > 150


@pytest.mark.parametrize(
    ("platform", "version", "expected"),
    [
        ("deis", "v2.10.0", {"registry-proxy": "v1.1.1"}),
        ("deis", "v2.11.0", {"registry-proxy": "v1.2.0", "slugrunner": "v2.3.0"}),
        ("deis", "v2.12.0", {"registry-proxy": "v1.2.0", "registry-token-refresher": "v1.1.2"}),
        ("deis", "v2.13.0", {"registry-proxy": "v1.2.0"}),
        ("deis", "v2.14.0", {"registry-proxy": "v1.3.0"}),  # as the chart was listed
        ("deis", "v2.15.0", {"registry-proxy": "v1.4.0"}),
        ("deis", "v2.18.0", {"registry-proxy": "v1.4.0"}),
        ("hephy", "v2.19.0", {"registry-proxy": None}),  # of an unknown day
        ("hephy", "v2.20.0", {"registry-proxy": "v1.5.0"}),
        ("hephy", "v2.21.6", {"registry-proxy": "v1.5.0"}),
        ("hephy", "v2.22.1", {"registry-proxy": "v1.5.1"}),
        ("drycc", "v1.0.1", {"builder": "v1.0.0", "router": "v1.0.0", "workflow-manager": "v1.0.0"}),
        ("drycc", "v1.7.4", {"controller": None}),  # of an unknown day
        ("drycc", "v1.8.1", {"storage": "v4.0.1", "controller": "v1.13.0"}),
        ("drycc", "v1.8.2", {"controller": None, "gateway": None, "storage": "v4.0.2", "builder": "v1.8.1"}),
        ("drycc", "v1.8.3", {"controller": "v1.13.1", "gateway": "v0.1.2", "quickwit": None}),
    ],
)
def test_bundle_holds_what_the_rule_and_its_exceptions_say(
    platform: str, version: str, expected: dict[str, str | None]
) -> None:
    (bundle,) = (bundle for bundle in shipped(platform).bundles if bundle.version == version)

    assert {name: bundle.components.get(name) for name in expected} == expected


def test_drycc_v1_0_1_has_the_day_of_its_release_post() -> None:
    (bundle,) = (bundle for bundle in shipped("drycc").bundles if bundle.version == "v1.0.1")

    assert str(bundle.released) == "2019-02-14 00:00:00+00:00"


def test_healthy_installation_of_the_newest_drycc_is_fine_although_quickwit_has_no_release() -> None:
    bundle = shipped("drycc").bundles[-1]

    snapshot = snapshot_of("drycc", {**bundle.components, "quickwit": "0.8.2"})

    assert (snapshot.bundle.version, snapshot.bundle.drifted) == ("v1.8.3", 0)
    assert exit_status(snapshot) is ExitStatus.FINE
