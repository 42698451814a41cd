"""Every value, one after the other: any text arrives as it was given, and `null` is none or is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from charts import EXPORTER, RELEASES, Chart
from e2e.test_helm_rendering import template
from tools.chart_values import Value, read_values

AWKWARD = 'say "hi", it\'s {{ .Values }}\nand: a second line # $(HOME) ${x} \\ % é'
# Values that need others: each text is tried with these until it arrives.
CIRCUMSTANCES: dict[Chart, list[dict[str, Any]]] = {
    EXPORTER: [
        {
            "platform": {"profile": {"configMap": "p"}},
            "checks": {"url": "https://a.example"},
            "reporting": {
                "enabled": True,
                "url": "https://a.example/write",
                "bearerToken": {"existingSecret": "t"},
                "idKey": {"existingSecret": "k"},
            },
            "caBundle": {"configMap": "c"},
            "proxy": {"https": "http://proxy:3128"},
        },
        {"expose": "ingress", "ingress": {"host": "a.example"}, "metrics": {"dashboards": {"enabled": True}}},
        {
            "expose": "httproute",
            "httpRoute": {"host": "a.example", "parentRefs": [{"name": "g"}]},
            "metrics": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
        },
    ],
    RELEASES: [
        {
            "database": {"existingSecret": "d"},
            "signing": {"existingSecret": "s"},
            "ingest": {
                "upstreamWriteUrl": "https://a.example/write",
                "bearerToken": {"existingSecret": "t"},
            },
        },
        {
            "expose": "ingress",
            "ingress": {"host": "a.example"},
            "trustedProxyCount": 1,
            "metrics": {"dashboards": {"enabled": True}},
        },
        {
            "expose": "httproute",
            "httpRoute": {"host": "a.example", "parentRefs": [{"name": "g"}]},
            "trustedProxyCount": 1,
            "metrics": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
        },
    ],
}


def free_texts(chart: Chart) -> list[tuple[tuple[str, ...], Any]]:
    """Path of each value that takes any text, alone, in a list or in a map, and what to give."""
    values = read_values((chart.folder / "values.yaml").read_text("utf-8"))
    return [(value.path, given) for value in values if (given := _given(value)) is not None]


def _given(value: Value) -> Any:
    text = {"type": "string"}
    match {key: part for key, part in value.schema.items() if key != "minLength"}:
        case {"type": "string"} as free if free == text:
            return AWKWARD
        case {"type": "array", "items": items} if items in (text, {**text, "minLength": 1}):
            return [AWKWARD]
        case {"type": "object", "additionalProperties": free} if free == text:
            return {"key": AWKWARD}
    return None


CASES = [
    pytest.param(chart, path, given, id=f"{chart}-{'.'.join(path)}")
    for chart in (EXPORTER, RELEASES)
    for path, given in free_texts(chart)
]


@pytest.mark.parametrize("chart", [EXPORTER, RELEASES], ids=str)
def test_text_of_a_certain_form_takes_no_line_after_it(chart: Chart, tmp_path: Path) -> None:
    """Such as an address, a name or a CIDR; refused by name."""
    values = read_values((chart.folder / "values.yaml").read_text("utf-8"))
    wrong = []
    for value in values:
        items = value.schema.get("items", {})
        if "pattern" in value.schema or "pattern" in items:
            text = "a\n" if value.default in ("", None, []) else f"{value.default}\n"
            given = ["a\n"] if items else text
            (tmp_path / "own.yaml").write_text(yaml.safe_dump(nested(value.path, given)))
            done = template("helm", chart, "--values", tmp_path / "own.yaml")
            if f"at '/{'/'.join(value.path)}" not in done.stderr:
                wrong.append((value.path, done.stderr))

    assert wrong == []


def every_place(chart: Chart) -> list[tuple[str, ...]]:
    """Path of each value, and of each group of values."""
    paths = [value.path for value in read_values((chart.folder / "values.yaml").read_text("utf-8"))]
    return sorted({path[: end + 1] for path in paths for end in range(len(path))})


@pytest.mark.parametrize("chart", [EXPORTER, RELEASES], ids=str)
def test_null_of_a_list_or_map_is_none_and_of_anything_else_is_refused_by_name(
    chart: Chart, tmp_path: Path
) -> None:
    wrong = []
    for path in every_place(chart):
        (tmp_path / "own.yaml").write_text(yaml.safe_dump(nested(path, None)))
        done = template("helm", chart, "--values", tmp_path / "own.yaml")
        if done.returncode and f"missing property '{path[-1]}'" not in done.stderr:
            wrong.append((path, done.stderr))

    assert wrong == []


def nested(path: tuple[str, ...], value: Any) -> Any:
    return nested(path[:-1], {path[-1]: value}) if path else value


def texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for below in part.values() if isinstance(part, dict) else part:
            yield from texts(below)


@pytest.mark.parametrize(("chart", "path", "given"), CASES)
def test_text_arrives_as_it_was_given(
    chart: Chart, path: tuple[str, ...], given: Any, tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(nested(path, given)))

    assert any(_arrives(chart, circumstances, tmp_path) for circumstances in CIRCUMSTANCES[chart])


def _arrives(chart: Chart, circumstances: dict[str, Any], folder: Path) -> bool:
    (folder / "circumstances.yaml").write_text(yaml.safe_dump({"requireKinds": False, **circumstances}))
    given = ("--values", folder / "circumstances.yaml", "--values", folder / "own.yaml")
    done = template("helm", chart, *given)
    if done.returncode:  # what these circumstances exclude
        return False
    # In an image's tag and in a list that one variable holds, the text is a part of another.
    return any(AWKWARD in text for obj in yaml.safe_load_all(done.stdout) for text in texts(obj))


def test_these_are_all_of_them() -> None:
    found = {chart: {".".join(path) for path, _given in free_texts(chart)} for chart in CIRCUMSTANCES}

    assert len(found[EXPORTER]) > 20
    assert len(found[RELEASES]) > 15
    assert found[EXPORTER] >= {"checks.train", "platform.configMaps", "podLabels", "ingress.annotations"}
