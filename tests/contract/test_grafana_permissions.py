"""Who may see which board: the script speaks Grafana's documented HTTP API, and a second run writes nothing.

The conversations in tests/data/grafana have the shapes of Grafana's documentation (teams, folders, folder
permissions; versions 10 to 13); no Grafana was there to record them from.
"""

from pathlib import Path

import httpx
import pytest
import yaml

import boards
from fakes.conversation import Conversation
from permissions.__main__ import AS_WANTED, FAILED, USAGE, WOULD_CHANGE, main
from permissions.access import read_access

_ROOT = Path(__file__).parents[2]
_DATA = _ROOT / "tests/data/grafana"
_ACCESS = read_access(_ROOT / "grafana/permissions/access.json")
_TOKEN = "glsa_made-up"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{_TOKEN}\n")
    return file


def _run(conversation: Conversation, token_file: Path, *more: str, url: str = "http://grafana.test") -> int:
    transport = httpx.ASGITransport(conversation)
    return main([url, "--token-file", str(token_file), *more], transport)


def test_first_run_makes_teams_and_folders_and_takes_everybodys_view(
    token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation = Conversation(_DATA / "first_run.json")

    status = _run(conversation, token_file)

    assert (status, conversation.left) == (AS_WANTED, [])
    assert conversation.tokens == {f"Bearer {_TOKEN}"}
    assert capsys.readouterr().out.splitlines() == [
        "team 'Platform staff': created",
        "team 'Platform hosting': created",
        "folder 'Fleet' (workflow-fleet): created",
        "folder 'Fleet' (workflow-fleet): team 'Platform staff' may view, team 'Platform hosting' may view",
        "folder 'Workflow' (workflow-operators): created",
        "folder 'Workflow' (workflow-operators): Viewer may view, Editor may view",
    ]


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_second_run_only_reads(
    more: tuple[str, ...], token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation = Conversation(_DATA / "second_run.json")

    status = _run(conversation, token_file, *more)

    assert (status, conversation.left) == (AS_WANTED, [])
    assert set(conversation.methods) == {"GET"}
    assert capsys.readouterr().out == "nothing to change\n"


def test_what_somebody_granted_by_hand_is_taken_back(
    token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation = Conversation(_DATA / "drifted.json")

    status = _run(conversation, token_file)

    assert (status, conversation.left) == (AS_WANTED, [])
    assert conversation.methods.count("POST") == 1
    assert "folder 'Fleet'" in capsys.readouterr().out


def test_dry_run_of_the_first_run_only_reads_and_says_so(
    token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation = Conversation(_DATA / "dry_run.json")

    status = _run(conversation, token_file, "--dry-run")

    assert (status, conversation.left) == (WOULD_CHANGE, [])
    assert set(conversation.methods) == {"GET"}
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 6
    assert all(line.startswith("would change: ") for line in said)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "refused",
            "GET /api/teams/search: 401 Invalid API key (is the token a service account's, and not expired?)",
        ),
        ("forbidden", "Permissions needed: teams:create (the service account needs the role Admin)"),
    ],
)
def test_refusals_end_the_run_with_grafanas_words_and_never_the_token(
    name: str, words: str, token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = _run(Conversation(_DATA / f"{name}.json"), token_file)

    shown = capsys.readouterr()
    assert status == FAILED
    assert words in shown.err
    assert _TOKEN not in shown.err + shown.out


def test_grafana_may_live_under_a_path(token_file: Path) -> None:
    conversation = Conversation(_DATA / "second_run.json", root="/grafana")

    assert _run(conversation, token_file, url="http://grafana.test/grafana") == AS_WANTED


def test_a_grafana_that_cannot_be_reached_is_one_line(
    token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    status = main(["http://grafana.test", "--token-file", str(token_file)], httpx.MockTransport(refuse))

    assert status == FAILED
    assert capsys.readouterr().err == "error: http://grafana.test/: Connection refused\n"


@pytest.mark.parametrize("page", ["<html>a proxy's page</html>", "", '{"teams": 3}', "[]"])
def test_an_answer_that_is_none_of_grafanas_ends_the_run(
    page: str, token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=page))

    status = main(["http://grafana.test", "--token-file", str(token_file)], transport)

    assert status == FAILED
    assert capsys.readouterr().err.startswith("error: GET /api/teams/search: ")


def test_a_missing_token_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["http://grafana.test", "--token-file", str(tmp_path / "none")])

    assert status == USAGE
    assert capsys.readouterr().err == f"error: {tmp_path / 'none'}: No such file or directory\n"


def test_help_names_each_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "0 as wanted, 1 Grafana refused or cannot be reached, 2 usage or a file, 3 a dry run" in shown


def test_provisioning_makes_the_folders_that_the_access_file_is_about() -> None:
    providers = yaml.safe_load((_ROOT / "grafana/provisioning/dashboards/boards.yaml").read_text())[
        "providers"
    ]

    assert {(one["folderUid"], one["folder"]) for one in providers} == {
        (folder.uid, folder.title) for folder in _ACCESS.folders
    }
    assert len({one["options"]["path"] for one in providers}) == len(providers)


def test_each_board_belongs_to_the_folder_that_its_name_begins_with() -> None:
    """`fleet-*.json` are staff's, `workflow-*.json` operators'; their tags say the same."""
    audiences = {uid: board["tags"] for uid, board in boards.boards().items()}

    assert {uid: tags for uid, tags in audiences.items() if uid.startswith("workflow-")} == {
        "workflow-cluster": ["workflow-operators"]
    }
    assert all(tags == ["fleet"] for uid, tags in audiences.items() if not uid.startswith("workflow-"))
    assert all(uid.startswith(("fleet-", "workflow-")) for uid in audiences)


def test_only_named_teams_see_the_fleet() -> None:
    (fleet,) = (folder for folder in _ACCESS.folders if folder.uid == "workflow-fleet")

    assert all(grant.role is None for grant in fleet.access)


def test_the_data_source_asks_rates_over_no_less_than_four_scrapes() -> None:
    file = _ROOT / "grafana/provisioning/datasources/prometheus.yaml"
    (source,) = yaml.safe_load(file.read_text())["datasources"]
    scrapes = yaml.safe_load((_ROOT / "prometheus/prometheus.yml").read_text())["global"]

    assert source["jsonData"]["timeInterval"] == scrapes["scrape_interval"]
    assert (source["type"], source["access"], source["editable"]) == ("prometheus", "proxy", False)
