"""What the whole program opens and sends: nothing when off, one report when on, the same id ever after."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from e2e.agent import CATALOGS, command, environment, run
from e2e.reporting import DueAgent, cluster, serving
from fakes.receiver import Received, SocketReceiver, request_in
from fakes.releases_api import answers
from workflow_exporter.report import slot_of

SECONDS_TO_SEND = 30  # the first snapshot, on a busy machine
TAKES = answers(204)


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
        ]
        for agent in off:
            stack.enter_context(agent)
        heard = stack.enter_context(DueAgent(tmp_path / "on", hephy, **on(loud)))
        heard.wait_until(lambda: heard.outcomes() == {"sent": 1.0}, SECONDS_TO_SEND)
        sent = run(tmp_path, "report", "--send", "--kubeconfig", hephy, **off[0].settings)

        assert [agent.outcomes() for agent in off] == [{}, {}]
        assert [agent.status()["reporting"]["enabled"] for agent in (*off, heard)] == [False, False, True]
        assert [mapped(agent) for agent in (*off, heard)] == [set(), set(), {"cramjam", "_upb"}]
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
        (401, "was not taken: the receiver does not know who sends (401); it says 'because'"),
        (503, "was not taken: the receiver is down (503); it says 'because'"),
    ],
)
def test_send_says_why_it_was_not_taken(tmp_path: Path, hephy: Path, status: int, said: str) -> None:
    with serving(SocketReceiver(answers(status, body=b"because"))) as receiver:
        sent = run(tmp_path, "report", "--send", "--kubeconfig", hephy, **on(receiver))

    assert said in sent.stderr
    assert (sent.returncode, receiver.connections) == (3, 1)


def test_the_id_is_the_same_after_a_restart_and_another_with_another_key(tmp_path: Path, hephy: Path) -> None:
    first_key, second_key = tmp_path / "first", tmp_path / "second"
    first_key.write_bytes(bytes(range(32)))
    second_key.write_bytes(bytes(range(1, 33)))
    with serving(SocketReceiver(TAKES)) as receiver:
        for key in (first_key, first_key, second_key):
            settings = on(receiver, ID_KEY_FILE=str(key))
            sent = run(tmp_path, "report", "--send", "--kubeconfig", hephy, **settings)
            assert sent.returncode == 0, sent.stderr

    instances, tokens = zip(
        *((instance_of(one), one.header("authorization")) for one in receiver.received), strict=True
    )
    assert instances[0] == instances[1] != instances[2]
    assert tokens[0] == tokens[1] != tokens[2]


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
    differing = {
        name
        for (name, one), (other_name, other) in zip(first.headers, second.headers, strict=True)
        if (name, one) != (other_name, other)
    }
    assert differing <= {"authorization", "content-length"}
    assert shapes_of(first) == shapes_of(second)


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


def instance_of(request: Received) -> str:
    """Of all series alike."""
    (instance,) = {
        label.value
        for series in request_in(request.body).timeseries
        for label in series.labels
        if label.name == "instance_id"
    }
    return instance


def shapes_of(request: Received) -> set[tuple[str, ...]]:
    """Metric and label names: what a report consists of, without what it says."""
    return {
        (
            next(label.value for label in series.labels if label.name == "__name__"),
            *(label.name for label in series.labels),
        )
        for series in request_in(request.body).timeseries
    }
