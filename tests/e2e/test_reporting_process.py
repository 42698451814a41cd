"""What the whole program opens and sends: nothing when off, one report when on, the same id ever after."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from e2e.agent import CATALOGS, command, run
from e2e.processes import environment
from e2e.reporting import DueAgent, cluster, serving
from fakes.receiver import Received, SocketReceiver, request_in
from fakes.releases_api import answers
from workflow_exporter.report import slot_of

SECONDS_TO_SEND = 30  # the first snapshot, on a busy machine
TAKES = answers(204)
# Of two clusters with the same components, nodes and settings, the one on Hephy and the other on Deis.
DIFFERING_LABELS = {"instance_id", "cluster_id", "platform", "version"}


@pytest.fixture(scope="module")
def hephy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with cluster(tmp_path_factory.mktemp("hephy") / "cluster", "hephy-v2.22.3") as kubeconfig:
        yield kubeconfig


def on(receiver: SocketReceiver, **more: str) -> dict[str, str]:
    return {"REPORTING_ENABLED": "true", "REPORT_URL": str(receiver.address), **more}


def mapped(agent: DueAgent) -> set[str]:
    """Which of the libraries that only encoding needs are in the process's memory."""
    maps = Path(f"/proc/{agent.program.pid}/maps").read_text()
    return {name for name in ("cramjam", "_upb") if name in maps}


def test_off_nothing_is_opened_and_nothing_is_loaded_while_on_one_report_arrives(
    tmp_path: Path, hephy: Path
) -> None:
    with ExitStack() as stack:
        silent, loud = (stack.enter_context(serving(SocketReceiver(TAKES))) for _ in range(2))
        off = [
            DueAgent(tmp_path / "off", hephy, **on(silent, REPORTING_ENABLED="false")),
            DueAgent(tmp_path / "untracked", hephy, **on(silent, DO_NOT_TRACK="1")),
            DueAgent(tmp_path / "untold", hephy, REPORT_URL=str(silent.address)),
        ]
        for agent in off:
            stack.enter_context(agent)
        heard = stack.enter_context(DueAgent(tmp_path / "on", hephy, **on(loud)))
        heard.wait_until(lambda: heard.outcomes() == {"sent": 1.0}, SECONDS_TO_SEND)
        sent = run(tmp_path, "report", "--send", "--kubeconfig", hephy, **off[0].settings)

        assert [agent.outcomes() for agent in off] == [{}, {}, {}]
        enabled = [agent.status()["reporting"]["enabled"] for agent in (*off, heard)]
        assert enabled == [False, False, False, True]
        assert [mapped(agent) for agent in (*off, heard)] == [set(), set(), set(), {"cramjam", "_upb"}]
    assert (silent.connections, loud.connections) == (0, 1)
    assert sent.returncode == 2
    assert "it is off: nothing is sent unless REPORTING_ENABLED is true" in sent.stderr


def test_what_was_looked_at_is_what_is_sent_and_the_state_is_told(tmp_path: Path, hephy: Path) -> None:
    with (
        serving(SocketReceiver(TAKES)) as receiver,
        DueAgent(tmp_path / "agent", hephy, **on(receiver)) as agent,
    ):
        agent.wait_until(lambda: agent.outcomes() == {"sent": 1.0}, SECONDS_TO_SEND)
        agent.wait_until(lambda: "was taken" in agent.page(), 5)
        shown, document = agent.report_bytes(), agent.report()
        log, last = (
            agent.program.log_file.read_text(),
            agent.samples("workflow_exporter_report_last_success_timestamp_seconds"),
        )

    (request,) = receiver.received
    assert request.body == shown
    assert len(request_in(shown).timeseries) == len(document["series"])
    assert re.search(r"INFO reporter.sender: the report of \d{4}-\d\d-\d\d \d\d:00 UTC was taken", log)
    assert last
    secret = request.header("authorization").removeprefix("Bearer ")
    assert re.fullmatch("[0-9a-f]{64}", secret)
    assert secret not in log


def test_the_bytes_are_the_same_on_or_off_sent_or_looked_at(tmp_path: Path, hephy: Path) -> None:
    with serving(SocketReceiver(TAKES)) as receiver:
        sending = on(receiver, CATALOG_FILE=str(CATALOGS / "hephy.json"))
        off = {name: value for name, value in sending.items() if name != "REPORTING_ENABLED"}
        with DueAgent(tmp_path / "off", hephy, **off) as agent:

            def taken() -> dict[str, bytes]:
                printed = printed_bytes(tmp_path, hephy, off)
                shown = agent.report_bytes()
                sent = run(tmp_path, "report", "--send", "--kubeconfig", hephy, **sending)
                assert sent.returncode == 0, sent.stderr
                return {"printed": printed, "shown": shown, "sent": receiver.received[-1].body}

            taken_bytes = within_one_hour(taken)

    assert len(request_in(taken_bytes["sent"]).timeseries) > 20
    assert taken_bytes == dict.fromkeys(("printed", "shown", "sent"), taken_bytes["sent"])


def test_a_token_of_a_file_is_sent_in_place_of_the_secret(tmp_path: Path, hephy: Path) -> None:
    token = tmp_path / "token"
    token.write_text("of-my-own-receiver\n")
    with serving(SocketReceiver(TAKES)) as receiver:
        settings = on(receiver, REPORT_BEARER_TOKEN_FILE=str(token))
        sent = run(tmp_path, "report", "--send", "--kubeconfig", hephy, **settings)

    (request,) = receiver.received
    assert request.header("authorization") == "Bearer of-my-own-receiver"
    assert (sent.returncode, "was taken (204)" in sent.stdout) == (0, True)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            400,
            "was not taken, perhaps because one of this hour had been taken before: the receiver",
        ),
        (401, "was not taken: the receiver does not know who sends (401)"),
        (503, "was not taken: the receiver is down (503)"),
    ],
)
def test_send_says_why_it_was_not_taken(tmp_path: Path, hephy: Path, status: int, said: str) -> None:
    with serving(SocketReceiver(answers(status, body=b"secret-of-mine"))) as receiver:
        sent = run(tmp_path, "report", "--send", "--kubeconfig", hephy, **on(receiver))

    assert said in sent.stderr
    assert "secret-of-mine" not in sent.stderr
    assert (sent.returncode, receiver.connections) == (3, 1)


def test_the_id_is_the_same_after_a_restart_and_another_with_another_key(tmp_path: Path, hephy: Path) -> None:
    key, first, second = tmp_path / "key", bytes(range(32)), bytes(range(1, 33))
    key.write_bytes(first)
    with (
        serving(SocketReceiver(TAKES)) as receiver,
        DueAgent(tmp_path / "agent", hephy, **on(receiver, ID_KEY_FILE=str(key))) as agent,
    ):

        def report_sent() -> Received:
            agent.wait_until(lambda: agent.outcomes().get("sent", 0) > 0, SECONDS_TO_SEND)
            return receiver.received[-1]

        sent = [report_sent()]
        for content in (first, second):
            agent.program.stop()
            key.write_bytes(content)
            agent.start()
            sent.append(report_sent())

    ids = [value_of(one, "instance_id") for one in sent]
    clusters = [value_of(one, "cluster_id") for one in sent]
    tokens = [one.header("authorization") for one in sent]
    for values in (ids, clusters, tokens):
        assert values[0] == values[1] != values[2]


def test_reports_of_two_clusters_differ_in_nothing_but_facts_and_the_secret(
    tmp_path: Path, hephy: Path
) -> None:
    with (
        cluster(tmp_path / "other", "deis-v2.18.0") as deis,
        serving(SocketReceiver(TAKES)) as receiver,
    ):
        for kubeconfig in (hephy, deis):
            sent = run(tmp_path, "report", "--send", "--kubeconfig", kubeconfig, **on(receiver))
            assert sent.returncode == 0, sent.stderr

    first, second = receiver.received
    assert first.line == second.line
    assert [name for name, _ in first.headers] == [name for name, _ in second.headers]
    differing = {one[0] for one, other in zip(first.headers, second.headers, strict=True) if one != other}
    assert differing - {"content-length"} == {"authorization"}  # and two lengths may be the same by chance
    assert [one.header("content-length") for one in (first, second)] == [
        str(len(one.body)) for one in (first, second)
    ]
    assert shapes_of(first) == shapes_of(second)
    labels = labels_of(first), labels_of(second)
    assert {name for name in labels[0] if labels[0][name] != labels[1][name]} == DIFFERING_LABELS


def printed_bytes(folder: Path, kubeconfig: Path, settings: dict[str, str]) -> bytes:
    argv = command("report", "--bytes", "--kubeconfig", str(kubeconfig))
    ran = subprocess.run(argv, env=environment(folder, settings), capture_output=True, timeout=90, check=True)
    return ran.stdout


def within_one_hour(take: Callable[[], dict[str, bytes]]) -> dict[str, bytes]:
    """What it takes, taken again where the UTC hour changed meanwhile, and with it the report."""
    while True:
        slot = slot_of(datetime.now(UTC))
        taken = take()
        if slot_of(datetime.now(UTC)) == slot:
            return taken


def value_of(request: Received, label: str) -> str:
    """Where all series that have the label have the same."""
    (value,) = labels_of(request)[label]
    return value


def labels_of(request: Received) -> dict[str, set[str]]:
    """All values of each label."""
    found: dict[str, set[str]] = {}
    for series in request_in(request.body).timeseries:
        for label in series.labels:
            found.setdefault(label.name, set()).add(label.value)
    return found


def shapes_of(request: Received) -> set[tuple[str, ...]]:
    """Metric and label names: what a report consists of, without what it says."""
    return {
        (
            next(label.value for label in series.labels if label.name == "__name__"),
            *(label.name for label in series.labels),
        )
        for series in request_in(request.body).timeseries
    }
