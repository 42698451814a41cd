"""What the agent may report is what the gateway takes: series by series, word by word."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cramjam import snappy
from hypothesis import given
from hypothesis import strategies as st

from fakes.store import read
from gateways import Site, all_forms
from snapshots import STATES
from workflow_exporter.freshness import Verdict
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.report import slot_of
from workflow_exporter.reporter import anonymise
from workflow_exporter.reporter.identity import form_identity
from workflow_exporter.reporter.labels import BOUNDS, INSTANCE_ID, LABELS
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.series import make_report
from workflow_exporter.reporter.table import SERIES, Material
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import Snapshot
from workflow_releases.catalog.model import Catalog
from workflow_releases.ingest import words
from workflow_releases.ingest.allowlist import RULES
from workflow_releases.ingest.counts import PLATFORM
from workflow_releases.ingest.vocabulary import ALLOWANCES, vocabulary_of
from workflow_releases.ingest.words import OTHER, WORDS, unknown_words

CATALOGS = {
    file.stem: msgspec.json.decode(file.read_bytes(), type=Catalog)
    for file in (Path(__file__).parents[2] / "releases-api" / "catalogs").glob("*.json")
}
NOW = datetime(2026, 11, 23, 10, 17, tzinfo=UTC)


def test_both_have_the_same_series_with_the_same_labels() -> None:
    told = {row.name: frozenset({INSTANCE_ID, *row.labels}) for row in SERIES}

    assert told == {rule.metric: rule.label_names for rule in RULES.values()}


def test_agent_tells_no_more_label_sets_of_a_metric_than_the_gateway_takes() -> None:
    """The agent adds one for the rest, whose labels are all `other`."""
    capped = {rule.metric: rule.most for rule in RULES.values() if rule.most and rule.most > 1}

    assert {row.name: row.most_sets + 1 for row in SERIES if row.name in capped} == capped


def test_caps_leave_room_for_the_largest_shipped_platform() -> None:
    profiles = (len(profile.components) for profile in shipped_profiles())
    largest = max(*profiles, *(len(catalog.components) for catalog in CATALOGS.values()))

    most = RULES["fleet_component_seen_timestamp_seconds"].most
    assert most is not None
    assert largest * 1.3 <= most
    assert largest + 1 <= ALLOWANCES[PLATFORM].instance  # its bundle too, before a catalog lists any


def test_both_have_the_same_fixed_words() -> None:
    assert anonymise.AUDIENCES == words.AUDIENCES
    assert anonymise.ARCHITECTURES == words.ARCHITECTURES
    assert tuple(verdict.value for verdict in Verdict) == words.VERDICTS
    assert words.BOUNDS == BOUNDS
    assert OTHER == anonymise.OTHER


_FORMS = {name: label.form for name, label in LABELS.items() if label.form is not None}


@given(st.sampled_from(sorted(_FORMS)).flatmap(lambda name: st.tuples(st.just(name), _words(name))))
def test_every_word_of_an_agents_form_is_known_here(word: tuple[str, str]) -> None:
    name, value = word
    vocabulary = vocabulary_of(CATALOGS.values(), all_forms())

    if WORDS[name].kind == "open":
        assert unknown_words({name: value}, vocabulary) == []
    elif value != OTHER:  # which no agent says there: ids and audiences are checked before
        assert WORDS[name].knows(vocabulary, {}, value)


def _words(name: str) -> st.SearchStrategy[str]:
    form = _FORMS[name] or ""
    drawn = st.from_regex(re.compile(form, re.ASCII), fullmatch=True)
    # `v01.2.3` fits the agent's form, but no agent says it: its parser takes strict SemVer.
    return drawn.filter(lambda text: not re.search(r"(?:v|\.)0[0-9]", text)) if "version" in name else drawn


def _report(snapshot: Snapshot, audience: str) -> tuple[bytes, str, int]:
    """The body, the secret, and how many series; as the agent makes them."""
    cluster = replace(snapshot.inventory.cluster, cluster_uid="uid-1", instance_uid="uid-2")
    identity = form_identity(b"k" * 32, cluster)
    assert identity is not None
    material = Material(replace(snapshot, identity=identity), slot_of(NOW), audience, "0.1.0")
    report = make_report(material, Words.of_profiles(shipped_profiles()))
    assert report is not None
    return encode(report), identity.instance_secret, len(report.series)


@pytest.mark.anyio
@pytest.mark.parametrize("audience", anonymise.AUDIENCES)
@pytest.mark.parametrize("state", STATES)
async def test_report_of_every_state_is_taken_and_goes_on_unchanged(state: str, audience: str) -> None:
    body, secret, count = _report(STATES[state](), audience)
    site = Site(now=NOW.timestamp(), catalogs=CATALOGS)

    for _ in range(2):  # the second one is found in memory
        answer = await site.post(body, authorization=f"Bearer {secret}")
        assert (answer.status_code, answer.text) == (204, "")

    sent = bytes(snappy.decompress_raw(body))
    assert site.store.payloads == [sent, sent]
    assert len(read(sent)) == count
    assert len(site.known.layouts) == 1  # it was recognised: the agent's order is the gateway's
