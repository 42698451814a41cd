"""The charts under helm/: scenarios (ci/*-values.yaml) and what they render to (goldens)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, by its name."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> Path:
        return ROOT / "helm" / self.name

    @property
    def goldens(self) -> Path:
        return ROOT / "tests" / "data" / "charts" / self.name

    @property
    def scenarios(self) -> list[str]:
        return sorted(path.name.removesuffix("-values.yaml") for path in self.folder.glob("ci/*-values.yaml"))

    def values(self, scenario: str) -> Path:
        return self.folder / "ci" / f"{scenario}-values.yaml"

    def objects(self, scenario: str) -> list[Object]:
        text = (self.goldens / f"{scenario}.yaml").read_text("utf-8")
        return [obj for obj in yaml.safe_load_all(text) if obj]

    def one(self, scenario: str, kind: str, name: str | None = None) -> Object:
        """The only object of a kind, or of a kind and name."""
        (found,) = [
            obj
            for obj in self.objects(scenario)
            if obj["kind"] == kind and name in (None, obj["metadata"]["name"])
        ]
        return found

    def pods(self, scenario: str) -> list[Object]:
        """The spec of each kind of pod."""
        specs = [obj.get("spec", {}) for obj in self.objects(scenario)]
        return [spec["template"]["spec"] for spec in specs if "template" in spec]

    def environment(self, scenario: str) -> dict[str, Any]:
        """What the Deployment's container is given: texts, or where they come from."""
        (container,) = self.one(scenario, "Deployment")["spec"]["template"]["spec"]["containers"]
        return {v["name"]: v.get("value", v.get("valueFrom")) for v in container["env"]}


EXPORTER = Chart("workflow-exporter")
RELEASES = Chart("workflow-releases")
CASES = [(chart, scenario) for chart in (EXPORTER, RELEASES) for scenario in chart.scenarios]
COPIES = "one for each file"  # the golden's words for rules and boards, which other tests read
