"""What is stored is what is read, whatever the catalog says."""

import contextlib
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from releases_factories import moment
from workflow_releases.catalog import body
from workflow_releases.catalog import store as rows
from workflow_releases.catalog.model import (
    Affects,
    Bundle,
    Catalog,
    Component,
    EndOfLife,
    Notice,
    Release,
    Successor,
)
from workflow_releases.catalog.newest import bundle_order, release_order
from workflow_releases.database.engine import Database

_MICROSECONDS = st.integers(0, 4 * 10**15)  # of the years 1970 to 2096
_moments = st.none() | _MICROSECONDS.map(lambda count: moment("1970-01-01") + timedelta(microseconds=count))
_words = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
_texts = st.text(max_size=20)
_versions = st.tuples(*[st.integers(0, 30)] * 3).map(lambda numbers: "v" + ".".join(map(str, numbers)))
_releases = st.builds(
    Release,
    version=_versions,
    train=_words,
    released=_moments,
    security=st.booleans(),
    yanked=st.booleans(),
    line=st.integers(0, 1000),
    digests=st.dictionaries(_words, _texts, max_size=2),
    notes_url=st.none() | _texts,
)
_components = st.builds(
    Component,
    title=_texts,
    images=st.lists(_texts, max_size=2).map(tuple),
    releases=st.lists(_releases, max_size=4, unique_by=lambda release: release.version).map(
        lambda found: tuple(sorted(found, key=release_order))
    ),
)
_bundles = st.builds(
    Bundle,
    version=_versions,
    train=_words,
    released=_moments,
    components=st.dictionaries(_words, _versions, max_size=3).map(lambda found: dict(sorted(found.items()))),
    derived=st.booleans(),
    notes_url=st.none() | _texts,
)
_notices = st.builds(
    Notice,
    id=_words,
    severity=st.sampled_from(["info", "warning", "critical"]),
    title=_texts,
    text=_texts,
    url=st.none() | _texts,
    published=_moments,
    expires=_moments,
    affects=st.builds(Affects, components=st.lists(_words, max_size=2).map(tuple)),
)
_catalogs = st.builds(
    Catalog,
    schema_version=st.just(1),
    platform=st.just("p"),
    title=_texts,
    generated=_moments.filter(lambda found: found is not None),
    expires=st.none(),
    trains=st.lists(_words, max_size=3).map(tuple),
    end_of_life=st.none() | st.builds(EndOfLife, date=_moments.filter(bool), text=st.none() | _texts),
    successor=st.none() | st.builds(Successor, platform=_words, title=_texts, url=st.none() | _texts),
    bundles=st.lists(_bundles, max_size=3, unique_by=lambda bundle: bundle.version).map(
        lambda found: tuple(sorted(found, key=bundle_order))
    ),
    components=st.dictionaries(_words, _components, max_size=3).map(
        lambda found: dict(sorted(found.items()))
    ),
    notices=st.lists(_notices, max_size=3, unique_by=lambda notice: notice.id).map(
        lambda found: tuple(
            sorted(found, key=lambda item: (item.published is not None, item.published, item.id))
        )
    ),
)


class UndoError(Exception):
    """Ends a transaction so that the next example finds an empty store."""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_catalogs)
def test_what_is_stored_is_what_is_read(empty_store: Database, catalog: Catalog) -> None:
    loaded: Catalog | None = None

    with contextlib.suppress(UndoError), empty_store.writing() as connection:
        rows.save(connection, None, catalog, 1)
        loaded = rows.load(connection, "p")
        raise UndoError

    assert loaded is not None

    assert loaded == catalog
    assert body.encode(loaded) == body.encode(catalog)
