"""Copies rules, alerts and boards into the chart of the hosting team (`make generate`).

Helm can only read what lies in the chart's own folder, and a link does not survive packaging. Run as
`python -m tools.chart_files` with tests/ on the path; a contract test holds the copies to their originals.
"""

from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = ROOT / "helm" / "workflow-releases" / "files"
# Folder in the chart -> where its files come from. The operators' alerts and board are the other chart's.
ORIGINALS = {
    "rules": ("prometheus/rules/*.yaml", "prometheus/alerts/hosting.yaml"),
    "boards": ("grafana/dashboards/fleet-*.json",),
}


def wanted() -> dict[Path, bytes]:
    """Each copy with what it must hold."""
    return {
        FILES / folder / original.name: original.read_bytes()
        for folder, patterns in ORIGINALS.items()
        for pattern in patterns
        for original in sorted(ROOT.glob(pattern))
    }


def present() -> dict[Path, bytes]:
    """Each copy as it is."""
    return {path: path.read_bytes() for folder in ORIGINALS for path in sorted((FILES / folder).glob("*"))}


def write() -> None:
    copies = wanted()
    for path in present().keys() - copies.keys():
        path.unlink()
    for path, content in copies.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    write()
