"""The catalogs that ship with the program: the true histories of Deis, Hephy and Drycc Workflow."""

from pathlib import Path

from workflow_releases.catalog import store, validation
from workflow_releases.catalog.publish import Publisher

_ACTOR = "shipped with the program"


def shipped_files() -> list[Path]:
    """The catalog files, by platform: inside the installed package, else in the source tree."""
    package = Path(__file__).parent.parent
    installed, source = package / "shipped", package.parent.parent / "catalogs"
    folder = installed if installed.is_dir() else source
    return sorted(folder.glob("*.json"))


def add_shipped(publisher: Publisher) -> list[str]:
    """Adds each shipped platform that the store does not know; returns their names.

    A platform that is known is left alone: what was published there outranks what shipped.
    """
    with publisher.database.reading() as connection:
        known = store.platform_names(connection)
    added = []
    for path in shipped_files():
        if path.stem in known:
            continue
        raw = validation.read_json(path.read_bytes())
        given = validation.read_catalog(raw, path.stem, publisher.clock())
        # The document's own date, so that all who start from it serve the same bytes.
        publisher.import_catalog(_ACTOR, given, generated=given.get("generated"))
        added.append(path.stem)
    return added
