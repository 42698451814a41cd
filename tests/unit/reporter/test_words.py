import factories as make
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import CatalogReading, Choices, make_snapshot


def test_shipped_profiles_give_platforms_and_components_and_the_default_train() -> None:
    words = Words.of_profiles(shipped_profiles())

    assert words.platforms == {"deis", "hephy", "drycc"}
    assert words.components >= {"builder", "controller", "quickwit"}
    assert words.trains == {"stable"}


def test_the_catalog_that_is_judged_by_adds_what_it_publishes() -> None:
    catalog = make.catalog(
        {"builder": make.component("v2.12.0"), "cacher": make.component("v1.0.0")},
        platform="acme",
        trains=("stable", "testing"),
    )
    snapshot = make_snapshot(
        now=make.NOW,
        inventory=make.inventory(platform="acme"),
        sources=make.source_states(),
        reading=CatalogReading(catalog),
        identity=make.identity(),
        choices=Choices(),
        titles={},
    )

    words = Words(frozenset({"deis"}), frozenset({"router"})).and_those_of(snapshot.catalog)

    assert words == Words(
        frozenset({"deis", "acme"}),
        frozenset({"router", "builder", "cacher"}),
        frozenset({"stable", "testing"}),
    )


def test_without_a_catalog_only_shipped_words_are_known() -> None:
    shipped = Words.of_profiles(shipped_profiles())

    assert shipped.and_those_of(make.snapshot().catalog) == shipped
