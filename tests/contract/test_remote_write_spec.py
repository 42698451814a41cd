"""The sender's MUSTs of Prometheus Remote Write 1.0, one by one, in the order of the specification.

https://prometheus.io/docs/specs/prw/remote_write_spec/ (April 2023). Two departures are declared, in
ARCHITECTURE.md and at the end of this file. The receiver's are in test_remote_write_receivers.py.
"""

import math
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import cramjam
import pytest

import factories as make
from fakes.receiver import Received, ScriptedReceiver, SocketReceiver, moment_in, request_in
from fakes.releases_api import answers
from workflow_exporter import __version__
from workflow_exporter.outgoing import Way
from workflow_exporter.platforms.reader import shipped_profiles
from workflow_exporter.reporter.desk import Desk, Ready
from workflow_exporter.reporter.pace import Surroundings
from workflow_exporter.reporter.receiver import Answer, Receiver
from workflow_exporter.reporter.remote_write import encode
from workflow_exporter.reporter.remote_write_pb2 import DESCRIPTOR, WriteRequest
from workflow_exporter.reporter.sender import Sender
from workflow_exporter.reporter.words import Words
from workflow_exporter.setting_rows import SETTINGS

START = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
STALE_MARKER = 0x7FF0000000000002


def ready_at(now: datetime) -> Ready:
    desk = Desk(
        audience="customer",
        exporter_version=__version__,
        words=lambda: Words.of_profiles(shipped_profiles()),
        encode=encode,
        keep=True,
    )
    ready = desk.ready(make.snapshot(identity=make.identity()), now)
    assert ready is not None
    return ready


BODY = encode(ready_at(START).report)
REQUEST = request_in(BODY)


async def posted() -> Received:
    async with SocketReceiver(answers(204)).running() as receiver:
        way = Way(receiver.address, proxy=None, ca_bundle=None)
        await Receiver(way).post(BODY, "token")
        (request,) = receiver.received
        return request


class OverError(BaseException):
    """The simulated time has come to its end."""


async def hours_with(*script: Answer, hours: int = 3) -> ScriptedReceiver:
    """What a receiver that answers like this is sent within some hours."""
    receiver, time = ScriptedReceiver(*script), START

    async def sleep(seconds: float) -> None:
        nonlocal time
        time += timedelta(seconds=seconds)
        if time >= START + timedelta(hours=hours):
            raise OverError

    sender = Sender(
        receiver,
        ready=ready_at,
        encode=encode,
        bearer=str,
        count=lambda _outcome, _at: None,
        surroundings=Surroundings(lambda: time, lambda: 0.5, sleep),
    )
    with pytest.raises(OverError):
        await sender.run()
    return receiver


# --- Protocol ------------------------------------------------------------------------------------------


def test_the_message_is_that_of_the_specification() -> None:
    fields = {
        f"{message.name}.{field.name}": (field.number, field.type)
        for message in DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    }

    message, string, double, int64 = 11, 9, 1, 3  # descriptor.proto, FieldDescriptorProto.Type
    assert fields == {
        "WriteRequest.timeseries": (1, message),
        "TimeSeries.labels": (1, message),
        "TimeSeries.samples": (2, message),
        "Label.name": (1, string),
        "Label.value": (2, string),
        "Sample.value": (1, double),
        "Sample.timestamp": (2, int64),
    }


@pytest.mark.anyio
async def test_must_encode_the_request_in_the_body_of_a_post_to_the_given_path() -> None:
    request = await posted()

    assert request.line == "POST /api/v1/write HTTP/1.1"
    assert request.body == BODY


def test_must_count_timestamps_in_milliseconds() -> None:
    slot_ms = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)

    assert {sample.timestamp for series in REQUEST.timeseries for sample in series.samples} == {slot_ms}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Encoding", "snappy"),
        ("Content-Type", "application/x-protobuf"),
        ("User-Agent", f"workflow-exporter/{__version__}"),
        ("X-Prometheus-Remote-Write-Version", "0.1.0"),
    ],
)
async def test_must_send_these_headers(name: str, value: str) -> None:
    assert (await posted()).header(name) == value


def test_must_not_let_users_configure_reserved_headers() -> None:
    assert [row.name for row in SETTINGS if "HEADER" in row.name] == []


def test_must_compress_with_snappy_in_the_block_format() -> None:
    assert WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(BODY))) == REQUEST
    with pytest.raises(cramjam.DecompressionError):
        cramjam.snappy.decompress(BODY)  # the framed format must not be used


@pytest.mark.anyio
async def test_must_ignore_the_response_body_of_a_success() -> None:
    receiver = await hours_with(Answer(200, text=b'{"status":"error"}'), hours=1)

    assert len(receiver.bodies) == 1


# --- Backward and forward compatibility ------------------------------------------------------------------


@pytest.mark.anyio
async def test_must_send_the_version_number_in_a_header() -> None:
    assert (await posted()).header("X-Prometheus-Remote-Write-Version").startswith("0.1.")


# --- Labels ----------------------------------------------------------------------------------------------


def label_names() -> Iterator[list[str]]:
    for series in REQUEST.timeseries:
        yield [label.name for label in series.labels]


def test_must_send_the_complete_set_of_labels_with_each_sample() -> None:
    assert REQUEST.timeseries
    assert all(len(series.samples) == 1 and series.labels for series in REQUEST.timeseries)


def test_should_contain_a_name() -> None:
    assert all("__name__" in names for names in label_names())


def test_must_not_contain_repeated_label_names() -> None:
    assert all(len(names) == len(set(names)) for names in label_names())


def test_must_have_label_names_sorted() -> None:
    assert all(names == sorted(names) for names in label_names())


def test_must_not_contain_empty_names_or_values() -> None:
    assert all(label.name and label.value for series in REQUEST.timeseries for label in series.labels)


def test_must_only_send_valid_metric_names() -> None:
    names = {
        label.value for series in REQUEST.timeseries for label in series.labels if label.name == "__name__"
    }

    assert [name for name in names if not re.fullmatch(r"[a-zA-Z_:]([a-zA-Z0-9_:])*", name)] == []


def test_must_only_send_valid_label_names() -> None:
    names = {name for names in label_names() for name in names}

    assert [name for name in names if not re.fullmatch(r"[a-zA-Z_]([a-zA-Z0-9_])*", name)] == []
    assert [name for name in names if name.startswith("__")] == ["__name__"]  # the others are reserved


@pytest.mark.anyio
async def test_must_not_try_to_interpret_the_error_message() -> None:
    """Whatever a 400 says, what is done about it is the same."""
    texts = (b"", b"retry later", b'{"retryAfter":1}', b"<html>200 OK</html>", b"\xff\xfe")

    sent = [(await hours_with(Answer(400, text=text))).bodies for text in texts]

    assert all(bodies == sent[0] for bodies in sent)


@pytest.mark.anyio
async def test_should_log_the_error_message_as_far_as_its_words_are_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The rest is not: a receiver could repeat the secret in it, cut or spelled otherwise."""
    text = b"remote write receiver needs to be enabled, Bearer 5555"
    await hours_with(Answer(404, text=text), hours=1)

    assert "It says 'remote write receiver needs to be enabled'." in caplog.text
    assert "5555" not in caplog.text


# --- Ordering --------------------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize("script", [(Answer(204),), (Answer(503), Answer(503), Answer(204)), (Answer(503),)])
async def test_must_send_samples_of_a_series_in_the_order_of_their_timestamps(
    script: tuple[Answer, ...],
) -> None:
    receiver = await hours_with(*script, hours=8)

    moments = [moment_in(body) for body in receiver.bodies]
    assert moments == sorted(moments)
    assert len(set(moments)) >= 7


# --- Retries & Backoff -----------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 599])
async def test_must_retry_on_5xx(status: int) -> None:
    receiver = await hours_with(Answer(status), Answer(204), hours=1)

    assert receiver.bodies == [BODY, BODY]


@pytest.mark.anyio
async def test_must_use_a_backoff_algorithm() -> None:
    """Six attempts in the forty minutes that are left of the first hour and up to the next moment."""
    receiver = await hours_with(Answer(503), hours=1)

    assert 3 <= len(receiver.bodies) <= 8


@pytest.mark.anyio
@pytest.mark.parametrize("status", [*range(200, 207), *range(400, 429), *range(430, 432), 451, 499])
async def test_must_not_retry_on_2xx_and_4xx_other_than_429(status: int) -> None:
    receiver = await hours_with(Answer(status, retry_after="1"), hours=1)

    assert receiver.bodies == [BODY]


@pytest.mark.anyio
async def test_may_retry_on_429() -> None:
    receiver = await hours_with(Answer(429), Answer(204), hours=1)

    assert receiver.bodies == [BODY, BODY]


# --- Stale markers: the first departure --------------------------------------------------------------------


def test_must_not_use_the_stale_marker_otherwise() -> None:
    values = [sample.value for series in REQUEST.timeseries for sample in series.samples]

    assert STALE_MARKER not in [struct.unpack("<Q", struct.pack("<d", value))[0] for value in values]


@pytest.mark.anyio
async def test_departure_one_no_stale_markers_are_sent() -> None:
    """Reports are read over hours, where markers have no effect, and which is the last is not known."""
    receiver = await hours_with(Answer(204))

    requests = [request_in(body) for body in receiver.bodies]
    values = [sample.value for one in requests for series in one.timeseries for sample in series.samples]
    assert values
    assert not any(map(math.isnan, values))


# --- Introduction: the second departure --------------------------------------------------------------------


@pytest.mark.anyio
async def test_departure_two_an_application_pushes_but_once_an_hour() -> None:
    """The protocol "is not intended for use by applications"; but nobody outside can scrape a cluster."""
    receiver = await hours_with(Answer(204), hours=24)

    assert len(receiver.bodies) == 24
