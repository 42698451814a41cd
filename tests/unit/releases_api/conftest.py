"""A migrated store for each test; the migrations run once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from releases_factories import add_catalog, document, open_store
from workflow_releases.database.engine import Database


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "releases.db"
    open_store(path).close()
    return path


@pytest.fixture
def empty_store(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "releases.db"
    shutil.copy(migrated_file, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def other_replica(empty_store: Database) -> Iterator[Database]:
    """Another connection pool on the same file."""
    database = Database(f"sqlite:///{empty_store.path}")
    yield database
    database.close()


@pytest.fixture
def store(empty_store: Database) -> Database:
    """With the small platform of `releases_factories.document`."""
    add_catalog(empty_store, document())
    return empty_store
