"""A release pipeline's commands against a server that runs: what they do, print, and answer as status."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from e2e.releases_api import ReleasesApi, run


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ReleasesApi]:
    with ReleasesApi(tmp_path) as running:
        yield running


def test_pipeline_publishes_yanks_notifies_and_exports_by_command(api: ReleasesApi, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(api.token())
    token = ("--token-file", tmp_path / "token")
    notes = ("--notes-url", "https://example.org/2.19")

    lines = [
        api.run("publish", "deis", "router", "v2.19.0", "--security", *notes, *token),
        api.run("publish", "deis", "router", "v2.19.0", "--security", *notes, *token),
        api.run("publish", "deis", "--bundle", "v2.19.0", "--with", "router=v2.19.0", *token),
        api.run(
            "notice",
            "deis",
            "cve",
            "--severity",
            "critical",
            "--title",
            "Update",
            "--affects",
            "router",
            *token,
        ),
        api.run("yank", "deis", "router", "v2.13.3", *token),
        api.run("yank", "deis", "router", "v2.13.3", *token),
        api.run("notice", "deis", "cve", "--delete", *token),
        api.run("export", "deis", "--output", tmp_path / "deis.json"),
        api.run("import", tmp_path / "deis.json", *token),
    ]

    assert [(line.returncode, line.stdout, line.stderr) for line in lines] == [
        (0, "published: deis/components/router/releases/v2.19.0\n", ""),
        (0, "published already: deis/components/router/releases/v2.19.0\n", ""),
        (0, "published: deis/bundles/v2.19.0\n", ""),
        (0, "published: deis/notices/cve\n", ""),
        (0, "yanked: deis/components/router/releases/v2.13.3\n", ""),
        (0, "yanked already: deis/components/router/releases/v2.13.3\n", ""),
        (0, "deleted: deis/notices/cve\n", ""),
        (0, "", ""),
        (0, "unchanged deis: 0 components, 0 releases, 0 bundles, 0 notices added\n", ""),
    ]
    assert (tmp_path / "deis.json").read_bytes() == api.http.get("/v1/catalogs/deis").content
    trail = api.run("audit", "--limit", "5").stdout.splitlines()
    assert [line.split()[1:] for line in trail[1:]] == [
        ["ci", "release.published", "deis/router/v2.19.0"],
        ["ci", "bundle.published", "deis/v2.19.0"],
        ["ci", "notice.published", "deis/cve"],
        ["ci", "release.yanked", "deis/router/v2.13.3"],
        ["ci", "notice.deleted", "deis/cve"],
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_catalog_and_token_in_files_of_windows_tools_are_read(
    api: ReleasesApi, tmp_path: Path, encoding: str
) -> None:
    catalog, token = tmp_path / "deis.json", tmp_path / "token"
    token.write_bytes(f"{api.token()}\r\n".encode(encoding))
    catalog.write_bytes(api.http.get("/v1/catalogs/deis").text.encode(encoding))

    done = api.run("import", catalog, "--token-file", token)

    words = "unchanged deis: 0 components, 0 releases, 0 bundles, 0 notices added\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, words, "")


def test_refusals_reach_the_pipeline_as_status_and_sentence(api: ReleasesApi, tmp_path: Path) -> None:
    token = api.token()
    (tmp_path / "deis.json").write_text('{"schema_version": 1, "platform": "deis"}')

    def refusal(*arguments: str | Path, token: str = token, **more: str) -> tuple[int, str]:
        done = api.run(*arguments, RELEASES_TOKEN=token, **more)
        assert done.stdout == ""
        return done.returncode, done.stderr

    outcomes = [
        refusal("publish", "deis", "router", "canary"),
        refusal("publish", "deis", "router", "v2.13.3", "--security"),
        refusal("publish", "deis", "--bundle", "v3.0.0", "--with", "router=v9.9.9"),
        refusal("yank", "deis", "router", "v9.9.9"),
        refusal("import", tmp_path / "deis.json"),
        refusal("publish", "deis", "router", "v2.19.0", token="wrong"),
        refusal("publish", "deis", "router", "v2.19.0", RELEASES_URL="http://releases.example.org"),
        refusal("publish", "deis", "router", "v2.19.0", RELEASES_URL="http://127.0.0.1:1"),
        refusal("publish", "deis", "router"),
        refusal("import", tmp_path / "missing.json"),
    ]

    assert [status for status, _ in outcomes] == [1, 1, 1, 1, 1, 1, 2, 3, 2, 2]
    assert (
        "".join(text for _, text in outcomes)
        == f"""\
workflow-releases: refused (422): the release has 1 fault
  version: is not a SemVer version, such as v2.19.0
workflow-releases: refused (409): release v2.13.3 is published and never changes but for yanked
  security: was published as false and never changes
workflow-releases: refused (422): the bundle names what is not published
  components.router: v9.9.9 is not a release of router
workflow-releases: refused (412): router v9.9.9 is not published
workflow-releases: refused (422): the catalog has 1 fault
  title: is missing
workflow-releases: refused (401): the token is unknown or was revoked
workflow-releases: --url http://releases.example.org would send the token unencrypted; \
use https, or --allow-http inside a trusted network
workflow-releases: http://127.0.0.1:1/ did not answer: [Errno 111] Connection refused
workflow-releases: give the version of router too
workflow-releases: {tmp_path}/missing.json cannot be read: no such file or directory
"""
    )


def test_catalogs_are_signed_by_each_key_and_exports_carry_the_signature(tmp_path: Path) -> None:
    old, new = (run(tmp_path, "key", "create", tmp_path / name) for name in ("old.pem", "new.pem"))
    assert (tmp_path / "old.pem").stat().st_mode & 0o777 == 0o600
    (tmp_path / "both.pem").write_bytes(
        (tmp_path / "old.pem").read_bytes() + (tmp_path / "new.pem").read_bytes()
    )
    public_keys = [old.stdout.strip(), new.stdout.strip()]
    assert run(tmp_path, "key", "show", tmp_path / "both.pem").stdout.split() == public_keys

    with ReleasesApi(tmp_path, CATALOG_SIGNING_KEY_FILE=str(tmp_path / "both.pem")) as api:
        answer = api.http.get("/v1/catalogs/deis")
        exported = api.run("export", "deis", "--output", tmp_path / "deis.json", "--sign")
        offline = api.run(
            "export", "deis", "--output", tmp_path / "file.json", "--never-expires", "--sign",
            "--key-file", tmp_path / "new.pem",
        )  # fmt: skip
        page = api.http.get("/").text

    signatures = answer.headers["catalog-signature"].split(", ")
    assert (exported.returncode, offline.returncode) == (0, 0)
    assert (tmp_path / "deis.json.sig").read_text().split() == signatures
    for public_key, signature in zip(public_keys, signatures, strict=True):
        _verify(public_key, signature, answer.content)
        assert public_key in page
    (signature,) = (tmp_path / "file.json.sig").read_text().split()
    _verify(public_keys[1], signature, (tmp_path / "file.json").read_bytes())
    assert b'"expires":null' in (tmp_path / "file.json").read_bytes()


def _verify(public_key: str, signature: str, body: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(base64.b64decode(signature), body)
