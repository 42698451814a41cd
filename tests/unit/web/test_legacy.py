"""`/components` and `/id` as the first Workflow Manager answered."""

import pytest

import factories as make
from web_client import ask, public
from workflow_exporter.freshness import Newest, Verdict


@pytest.mark.anyio
async def test_components_have_the_first_managers_shape() -> None:
    snapshot = make.snapshot(
        [
            make.assessment("builder", version="v2.12.0"),
            make.assessment(
                "router", Verdict.OUTDATED, "v2.12.0", newest=Newest("v2.12.1", "v2.13.3", "v2.13.3")
            ),
            make.assessment("minio", Verdict.MISSING, None),
            make.assessment("database", Verdict.ABSENT, None),
        ],
        identity=make.identity(local_id="a" * 32),
    )

    assert (await ask(public(snapshot), "/components")).json() == {
        "id": "a" * 32,
        "components": [
            {
                "component": {"name": "builder", "description": "Builds applications from source."},
                "version": {"train": "stable", "version": "v2.12.0", "released": None, "data": None},
            },
            {
                "component": {"name": "router", "description": "Router"},
                "version": {"train": "stable", "version": "v2.12.0", "released": None, "data": None},
                "updateAvailable": "v2.13.3",
            },
        ],
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("newest", "update"),
    [
        (Newest("v1.0.1", "v1.1.0", "v2.0.0"), "v2.0.0"),
        (Newest("v1.0.1", "v1.1.0"), "v1.1.0"),
        (Newest("v1.0.1"), "v1.0.1"),
    ],
)
async def test_update_available_is_the_newest(newest: Newest, update: str) -> None:
    snapshot = make.snapshot([make.assessment(newest=newest)])

    [component] = (await ask(public(snapshot), "/components")).json()["components"]

    assert component["updateAvailable"] == update


@pytest.mark.anyio
async def test_id_is_the_local_one_as_plain_text_without_a_line_end() -> None:
    response = await ask(public(make.snapshot(identity=make.identity(local_id="0f" * 16))), "/id")

    assert (response.status_code, response.text) == (200, "0f" * 16)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.anyio
async def test_without_an_identity_id_says_why_and_components_are_listed_all_the_same() -> None:
    app = public(make.snapshot(identity_problem="the namespace kube-system cannot be read"))

    response, document = await ask(app, "/id"), (await ask(app, "/components")).json()

    assert response.status_code == 503
    assert response.text == "No id can be formed: the namespace kube-system cannot be read\n"
    assert (document["id"], len(document["components"])) == (None, 1)
