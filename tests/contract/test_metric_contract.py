"""What boards, rules and alerts may rely on: the families in docs/metrics.md, and a whole exposition.

The golden is rewritten by `make golden` alone; its diff is a change of contract and is read as one.
"""

import re
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from representative import representative_self_metrics, representative_snapshot
from workflow_exporter.self_metrics import SELF_FAMILIES, Family, FamilyType
from workflow_exporter.web.metric_families import CLUSTER_FAMILIES, EXPORTER_FAMILIES, NODE_FAMILIES
from workflow_exporter.web.metrics import MetricsEndpoint

_ROOT = Path(__file__).parents[2]
_GOLDEN = _ROOT / "tests/data/metrics.golden.txt"
_FAMILIES: tuple[Family, ...] = (
    *(entry.family for entry in (*CLUSTER_FAMILIES, *EXPORTER_FAMILIES)),
    *(entry.family for entry in NODE_FAMILIES),
    *SELF_FAMILIES,
)
_ROW = re.compile(r"\| `(workflow_\w+)` \| (\w+) \|([^|]*)\| (\S.*) \|")


async def _scrape(accept: str = "text/plain") -> str:
    snapshot = representative_snapshot()
    endpoint = MetricsEndpoint(lambda: snapshot, representative_self_metrics().registry)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://agent") as client:
        return (await client.get("/metrics", headers={"Accept": accept})).text


def test_the_docs_list_every_family_with_its_type_and_labels_and_no_other() -> None:
    text = (_ROOT / "docs/metrics.md").read_text(encoding="utf-8")

    documented = {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _ in _ROW.findall(text)
    }

    assert documented == {family.name: (family.type.value, family.labels) for family in _FAMILIES}


@pytest.mark.anyio
async def test_the_exposition_of_a_representative_cluster_is_the_golden(rewrite_goldens: bool) -> None:
    text = await _scrape()

    if rewrite_goldens:
        _GOLDEN.write_text(text, encoding="utf-8")
    assert text == _GOLDEN.read_text(encoding="utf-8")


@pytest.mark.anyio
async def test_each_family_occurs_with_its_type_and_labels_and_no_other_does() -> None:
    shown = {}
    for family in parse_text(await _scrape()):
        labels = {name for sample in family.samples for name in sample.labels if name != "le"}
        suffix = "_total" if family.type == "counter" else ""
        shown[family.name + suffix] = (family.type, labels, family.documentation)

    assert shown == {f.name: (f.type.value, set(f.labels), f.help) for f in _FAMILIES}


@pytest.mark.anyio
async def test_strict_open_metrics_parsing_accepts_it() -> None:
    text = await _scrape("application/openmetrics-text;version=1.0.0")

    families = list(parse_open_metrics(text))  # type: ignore[no-untyped-call]  # the library's own has no types

    assert len(families) == len(_FAMILIES)


@pytest.mark.anyio
async def test_no_series_tells_when_it_was_created_or_how_old_anything_is() -> None:
    names = {sample.name for family in parse_text(await _scrape()) for sample in family.samples}

    assert not [name for name in names if name.endswith(("_created", "_age", "_age_seconds"))]


@pytest.mark.parametrize("family", _FAMILIES, ids=lambda family: family.name)
def test_names_follow_the_conventions(family: Family) -> None:
    assert re.fullmatch(r"workflow_[a-z][a-z0-9_]*", family.name)
    assert family.name.endswith("_total") == (family.type is FamilyType.COUNTER)
    assert '"' not in family.help  # OpenMetrics would escape it and the text format would not
    assert "\n" not in family.help
    assert family.help.endswith(".")
    if "timestamp" in family.name:
        assert family.name.endswith("_timestamp_seconds")
