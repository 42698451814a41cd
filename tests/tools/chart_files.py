"""Copies rules, alerts and boards into the charts (`make generate`).

Helm can only read what lies in the chart's own folder, and a link does not survive packaging. Run as
`python -m tools.chart_files` with tests/ on the path; a contract test holds the copies to their originals.
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
HELM = ROOT / "helm"
# Folder in a chart -> where its files come from: the hosting team's, and the operators'.
ORIGINALS = {
    "workflow-releases/files/rules": ("prometheus/rules/*.yaml", "prometheus/alerts/hosting.yaml"),
    "workflow-releases/files/boards": ("grafana/dashboards/fleet-*.json",),
    "workflow-exporter/files/rules": ("prometheus/alerts/operators.yaml",),
    "workflow-exporter/files/boards": ("grafana/dashboards/workflow-cluster.json",),
}


def wanted() -> dict[Path, bytes]:
    """Each copy with what it must hold."""
    return {
        HELM / folder / original.name: original.read_bytes()
        for folder, patterns in ORIGINALS.items()
        for pattern in patterns
        for original in sorted(ROOT.glob(pattern))
    }


def present() -> dict[Path, bytes]:
    """Each copy as it is."""
    return {path: path.read_bytes() for folder in ORIGINALS for path in sorted((HELM / folder).glob("*"))}


def write() -> None:
    copies = wanted()
    for path in present().keys() - copies.keys():
        path.unlink()
    for path, content in copies.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    write()
