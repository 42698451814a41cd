"""The agent and a real Prometheus 3: samples are read back by query, and an outage costs its own hours."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

import factories as make
from e2e.reporting import Doorkeeper, DueAgent, Prometheus, cluster, serving
from fakes.receiver import request_in
from workflow_exporter.outgoing import Way
from workflow_exporter.report import slot_of
from workflow_exporter.reporter.bearer import bearer_token
from workflow_exporter.reporter.desk import Desk, Ready
from workflow_exporter.reporter.pace import Surroundings
from workflow_exporter.reporter.receiver import Receiver
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.sender import Sender
from workflow_exporter.reporter.words import Words
from workflow_exporter.snapshot import Snapshot
from workflow_exporter.web_address import WebAddress

ALL = '{__name__=~"fleet_.*"}'
HOUR = timedelta(hours=1)
SNAPSHOT = make.snapshot(identity=make.identity())


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    with Prometheus(tmp_path / "prometheus") as running:
        yield running


class OverError(BaseException):
    """The simulated time has come to its end."""


class Hours:
    """Simulated time in which a sender writes to a real receiver; something may happen at a moment of it."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.time = start
        self.end = end
        self.outcomes: list[str] = []
        self.happenings: list[tuple[datetime, Callable[[], None]]] = []

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        while self.happenings and self.time >= self.happenings[0][0]:
            await asyncio.to_thread(self.happenings.pop(0)[1])
        if self.time >= self.end:
            raise OverError

    async def report_to(
        self,
        address: WebAddress,
        snapshot: Snapshot = SNAPSHOT,
        bearer: Callable[[str], str] = str,
    ) -> Sender:
        desk = Desk(audience="ci", exporter_version="0.1.0", words=Words, encode=encode, keep=True)

        def ready(now: datetime) -> Ready | None:
            return desk.ready(snapshot, now)

        sender = Sender(
            Receiver(Way(address, proxy=None, ca_bundle=None)),
            ready=ready,
            encode=encode,
            bearer=bearer,
            count=lambda outcome, _: self.outcomes.append(outcome.value),
            surroundings=Surroundings(lambda: self.time, lambda: 0.5, self.sleep),
        )
        with pytest.raises(OverError):
            await sender.run()
        return sender


def seen(prometheus: Prometheus, over: str = "4h") -> list[str]:
    """The hours in which the instance was seen, by the samples that are stored."""
    samples = prometheus.samples("fleet_instance_seen_timestamp_seconds", datetime.now(UTC) + HOUR, over)
    return [
        f"{datetime.fromtimestamp(moment, UTC):%H:%M}" for found in samples.values() for moment, _ in found
    ]


def stored(prometheus: Prometheus, slot: float) -> dict[frozenset[tuple[str, str]], float | None]:
    """What every series of reports has at the slot; None where it has nothing."""
    samples = prometheus.samples(ALL, datetime.now(UTC), "2h")
    return {labels: dict(values).get(slot) for labels, values in samples.items()}


def values_in(body: bytes) -> dict[frozenset[tuple[str, str]], float]:
    """What a request says, series by series."""
    return {
        frozenset((label.name, label.value) for label in series.labels): series.samples[0].value
        for series in request_in(body).timeseries
    }


def replace(file: Path, text: str) -> None:
    """As Kubernetes does with a mounted Secret: another file in its place."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def test_what_was_sent_is_what_prometheus_answers(tmp_path: Path, prometheus: Prometheus) -> None:
    settings = {"REPORTING_ENABLED": "true", "REPORT_URL": str(prometheus.write_address)}
    with (
        cluster(tmp_path / "cluster", "hephy-v2.22.3") as kubeconfig,
        DueAgent(tmp_path / "agent", kubeconfig, **settings) as agent,
    ):
        agent.wait_until(lambda: agent.outcomes().get("sent", 0) > 0, 30)
        body = agent.report_bytes()
        slot = datetime.fromisoformat(agent.report()["slot"]).timestamp()

    assert len(values_in(body)) > 20
    assert stored(prometheus, slot) == values_in(body)


def test_a_receiver_with_a_token_of_its_own_takes_that_and_no_other(
    tmp_path: Path, prometheus: Prometheus
) -> None:
    token = tmp_path / "token"
    token.write_text("of-yesterday\n")
    doorkeeper = Doorkeeper("of-today", prometheus)
    with (
        cluster(tmp_path / "cluster", "hephy-v2.22.3") as kubeconfig,
        serving(doorkeeper.receiver) as receiver,
        DueAgent(
            tmp_path / "agent",
            kubeconfig,
            REPORTING_ENABLED="true",
            REPORT_URL=str(receiver.address),
            REPORT_BEARER_TOKEN_FILE=str(token),
        ) as agent,
    ):
        agent.wait_until(lambda: agent.outcomes() == {"rejected": 1.0}, 30)
        agent.wait_until(lambda: "was refused: the receiver does not know who sends (401)" in agent.page(), 5)
        at_first = prometheus.samples(ALL, datetime.now(UTC), "2h")
        agent.program.stop()
        token.write_text("of-today\n")
        agent.start()
        agent.wait_until(lambda: agent.outcomes() == {"sent": 1.0}, 30)
        agent.wait_until(lambda: "was taken" in agent.page(), 5)
        body = agent.report_bytes()
        slot = datetime.fromisoformat(agent.report()["slot"]).timestamp()
        log = agent.program.log_file.read_text()

    assert at_first == {}
    assert stored(prometheus, slot) == values_in(body)
    borne = [request.header("authorization") for request in receiver.received]
    assert borne == ["Bearer of-yesterday", "Bearer of-today"]
    assert "the receiver does not know who sends (401)" in log
    assert "no such token" not in log  # a receiver's own words may repeat what is secret
    assert [word for word in ("of-yesterday", "of-today") if word in log] == []


@pytest.mark.anyio
async def test_a_token_that_is_replaced_while_the_agent_runs_is_the_next_reports(
    tmp_path: Path, prometheus: Prometheus
) -> None:
    token = tmp_path / "token"
    token.write_text("of-yesterday")
    doorkeeper = Doorkeeper("of-today", prometheus)
    now = slot_of(datetime.now(UTC))
    hours = Hours(now - HOUR, now + timedelta(minutes=50))
    hours.happenings = [(now - timedelta(minutes=5), partial(replace, token, "of-today"))]
    async with doorkeeper.receiver.running():
        await hours.report_to(doorkeeper.receiver.address, bearer=partial(bearer_token, token))

    assert hours.outcomes == ["rejected", "sent"]
    assert seen(prometheus) == [f"{now:%H:%M}"]


@pytest.mark.anyio
async def test_prometheus_down_for_hours_gets_the_newest_report_when_it_is_back_and_once(
    prometheus: Prometheus,
) -> None:
    now = slot_of(datetime.now(UTC))
    hours = Hours(now - 2 * HOUR, now + HOUR)  # as far back as Prometheus takes samples
    hours.happenings = [
        (now - 2 * HOUR + timedelta(minutes=45), prometheus.program.kill),
        (now + timedelta(minutes=33), prometheus.start),
    ]

    await hours.report_to(prometheus.write_address)

    assert [outcome for outcome in hours.outcomes if outcome != "retried"] == ["sent", "dropped", "sent"]
    assert seen(prometheus) == [f"{now - 2 * HOUR:%H:%M}", f"{now:%H:%M}"]


@pytest.mark.anyio
async def test_after_a_restart_the_same_hour_is_refused_for_another_report_and_taken_for_the_same(
    prometheus: Prometheus, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    now = slot_of(datetime.now(UTC))
    after = make.snapshot([make.assessment("builder"), make.assessment("router")], identity=make.identity())
    runs = []
    for snapshot in (SNAPSHOT, SNAPSHOT, after):
        hours = Hours(now - HOUR, now - timedelta(minutes=1))
        sender = await hours.report_to(prometheus.write_address, snapshot)
        runs.append((hours.outcomes, sender.words))

    assert [outcomes for outcomes, _ in runs] == [["sent"], ["sent"], ["repeated"]]
    assert "perhaps because a report of this hour had been taken before" in runs[-1][1]
    assert "duplicate sample for timestamp" in caplog.text  # Prometheus's own words, logged as they are
    assert len(seen(prometheus)) == 1


@pytest.mark.anyio
async def test_a_prometheus_that_does_not_receive_says_so_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = slot_of(datetime.now(UTC))
    hours = Hours(now, now + timedelta(minutes=50))
    with Prometheus(tmp_path / "deaf", receives=False) as deaf:
        sender = await hours.report_to(deaf.write_address)

    assert hours.outcomes == ["rejected"]
    assert sender.words.endswith("was refused: there is no receiver at this address (404)")
    assert "remote write receiver needs to be enabled" in caplog.text
