"""What a reader chooses at the top of a board."""

from dataclasses import dataclass
from typing import Literal

from generator.panels import DATASOURCE, JSON

AUDIENCES = ("customer", "staff", "ci", "test")


@dataclass(frozen=True, slots=True)
class Variable:
    """`query` is, by kind: a data source's type, words with commas, PromQL's label_values(), or a text."""

    name: str
    label: str
    kind: Literal["datasource", "custom", "query", "textbox"]
    query: str
    description: str = ""
    default: str = ""
    several: bool = False  # then "All" is offered, and chosen at first
    all_value: str = ".*"  # what "All" stands for: a label may be missing too; empty: all that are listed

    def json(self) -> JSON:
        """As it stands in a board."""
        shown = {
            "type": self.kind,
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "hide": 0,
            "skipUrlSync": False,
        }
        match self.kind:
            case "datasource":
                return {**shown, "query": self.query, "refresh": 1, "regex": "", "multi": False}
            case "custom":
                options = [_option(word, word == self.default) for word in self.query.split(",")]
                current = _option(self.default, selected=True)
                return {**shown, "query": self.query, "options": options, "current": current}
            case "textbox":
                current = _option(self.query, selected=True)
                return {**shown, "query": self.query, "options": [current], "current": current}
            case "query":
                return {**shown, **self._asked()}

    def _asked(self) -> JSON:
        asked: JSON = {
            "datasource": DATASOURCE,
            "query": {
                "qryType": 1,
                "query": self.query,
                "refId": "PrometheusVariableQueryEditor-VariableQuery",
            },
            "refresh": 2,  # with the time range: names come and go
            "sort": 1,
            "regex": "",
            "multi": self.several,
            "includeAll": self.several,
        }
        if self.several:
            asked["current"] = _option("All", selected=True, value="$__all")
            if self.all_value:
                asked["allValue"] = self.all_value
        elif self.default:
            asked["current"] = _option(self.default, selected=True)
        return asked


def _option(text: str, selected: bool, value: str | None = None) -> JSON:
    return {"selected": selected, "text": text, "value": text if value is None else value}


DATASOURCE_VARIABLE = Variable("datasource", "Data source", "datasource", "prometheus")
AUDIENCE = Variable(
    "audience",
    "Audience",
    "custom",
    ",".join(AUDIENCES),
    "Whose instances are counted: customers alone, unless you ask for the platform's own staff, CI or tests.",
    default="customer",
)
