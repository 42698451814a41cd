"""What an API server that means harm cannot do: hold `check` beyond its minute, or fill the memory."""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import clusters
from e2e.processes import environment
from fakes.hostile_api_server import (
    Behaviour,
    HostileApiServer,
    answers,
    chunk,
    failure,
    informs_for_ever,
    is_list,
    is_watch,
    whole_namespace,
)
from following import follow, nodes
from kubeconfigs import kubeconfig
from workflow_exporter import cli
from workflow_exporter.app import Patience
from workflow_exporter.cluster.addresses import VERSION_ADDRESS, Address
from workflow_exporter.cluster.api_client import ApiClient
from workflow_exporter.cluster.api_errors import BadAnswerError, UnreachableError
from workflow_exporter.cluster.connection import connect
from workflow_exporter.cluster.follower import Bounds

pytestmark = pytest.mark.anyio

PODS = Address("/api/v1/namespaces/deis/pods", "pods in namespace deis")
MOST_MEMORY = 240  # MiB; the chart's limit is 256
MIB = 1024 * 1024
# Runs the program, then says how much memory it had at the most.
MEASURED = """
import os, resource, sys
from workflow_exporter import cli
try:
    status = cli.run(sys.argv[1:], os.environ)
finally:
    if sys.platform == "darwin":  # which has no /proc, and counts in bytes
        most_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    else:  # there ru_maxrss counts the memory of the process that started this one too
        with open("/proc/self/status") as file:
            most_kib = next(line for line in file if line.startswith("VmHWM")).split()[1]
    print("HWM", most_kib, file=sys.stderr)
sys.exit(status)
"""


@dataclass(frozen=True)
class Ended:
    status: int
    seconds: float
    memory_mib: float
    told: str


async def check(folder: Path, behaviour: Behaviour) -> Ended:
    """`workflow-exporter check` of such a server, as a process."""
    async with HostileApiServer(behaviour).running() as server:
        path = kubeconfig(folder, server.url, {"token": "x"})
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MEASURED, "check", "--kubeconfig", str(path)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(folder, {}),
        )
        try:
            async with asyncio.timeout(90):
                printed, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    rest, _, memory = said.decode().rpartition("HWM ")
    assert process.returncode is not None
    return Ended(process.returncode, time.monotonic() - began, int(memory) / 1024, printed.decode() + rest)


def lists(make: Callable[[], AsyncIterator[bytes]]) -> Behaviour:
    """Each page of each list; all else is honest."""
    return lambda path: make() if is_list(path) else whole_namespace(path)


def expired_lists(path: str) -> AsyncIterator[bytes]:
    return answers(410, failure(410)) if is_list(path) or is_watch(path) else whole_namespace(path)


def endless_pages() -> Callable[[], AsyncIterator[bytes]]:
    numbers = itertools.count()

    def page() -> AsyncIterator[bytes]:
        number = next(numbers)
        items = [
            {"metadata": {"name": f"n{number}-{one}", "uid": f"u{number}-{one}", "resourceVersion": "1"}}
            for one in range(500)
        ]
        metadata = {"resourceVersion": "1", "continue": f"token{number}"}
        return answers(200, json.dumps({"metadata": metadata, "items": items}).encode())

    return page


def page_of(*parts: bytes) -> AsyncIterator[bytes]:
    return answers(200, b'{"metadata":{"resourceVersion":"1","continue":"t"},"items":[', *parts, b"]}")


def one_object_of_63_mib() -> AsyncIterator[bytes]:
    return page_of(b'{"metadata":{"name":"a","uid":"a"},"x":"', *[b"x" * MIB] * 63, b'"}')


def values_of_two_bytes() -> AsyncIterator[bytes]:
    return page_of(*[b"0," * (MIB // 2)] * 7, b"0")


def fat_nodes() -> Callable[[], AsyncIterator[bytes]]:
    """Pages of 20 MiB, of whose nodes everything is kept."""
    numbers = itertools.count()

    def page() -> AsyncIterator[bytes]:
        number = next(numbers)
        nodes_of_page = (
            b'%s{"metadata":{"name":"%s","uid":"u%d-%d"},"status":{"nodeInfo":{"osImage":"%d-%s"}}}'
            % (b"," if one else b"", b"n" * 20_000, number, one, one, b"x" * 20_000)
            for one in range(500)
        )
        return page_of(*nodes_of_page)

    return page


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(lists(fat_nodes()), id="fat objects without end"),
        pytest.param(lambda _: answers(410, failure(410)), id="everything is answered 410"),
        pytest.param(expired_lists, id="lists and watches are answered 410"),
        pytest.param(lists(endless_pages()), id="continue tokens without end"),
        pytest.param(lists(page_of), id="empty pages without end"),
        pytest.param(lists(one_object_of_63_mib), id="63 MiB for each page"),
        pytest.param(lists(values_of_two_bytes), id="millions of values in a page"),
    ],
)
async def test_check_ends_in_time_and_within_its_memory(tmp_path: Path, behaviour: Behaviour) -> None:
    ended = await check(tmp_path, behaviour)

    assert ended.seconds < 60
    assert ended.memory_mib < MOST_MEMORY
    # 1: the config maps are there to be asked for, and say that nothing is installed.
    assert ended.status in {1, 3}, ended.told
    assert "Traceback" not in ended.told


@pytest.mark.parametrize("everywhere", [True, False])
async def test_check_ends_in_time_with_interim_answers_for_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], everywhere: bool
) -> None:
    behaviour = lists(informs_for_ever)
    async with HostileApiServer((lambda _: informs_for_ever()) if everywhere else behaviour).running() as one:
        path = kubeconfig(tmp_path, one.url, {"token": "x"})
        async with asyncio.timeout(30):
            namespace = {} if everywhere else {"WORKFLOW_NAMESPACE": "deis"}
            arguments = ["check", "--kubeconfig", str(path)]
            patience = Patience(cluster_seconds=2)
            status = await asyncio.to_thread(cli.run, arguments, namespace, patience=patience)

    printed = capsys.readouterr()
    if everywhere:
        assert (status, printed.err) == (
            3,
            "workflow-exporter: the API server did not answer within 2 s\n",
        )
    else:
        assert "Source pods is down: the API server had not answered in full when the time was over." in (
            printed.out
        )
        assert "builder" in printed.out


async def test_check_ends_in_time_with_a_releases_api_that_drips(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = tmp_path / "cluster.json"
    items = clusters.as_running_objects(clusters.manifests("hephy-v2.23.0"))
    recording.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    async with HostileApiServer(lambda _: drips()).running() as server:
        async with asyncio.timeout(30):
            arguments = ["check", "--from", str(recording), "--catalog", server.url]
            status = await asyncio.to_thread(cli.run, arguments, {}, patience=Patience(whole_seconds=2))

    assert status == 3
    assert "Source catalog is down: has not answered yet." in capsys.readouterr().out


# --- one request -----------------------------------------------------------------------------------------


async def drips() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield chunk(b" ")
        await asyncio.sleep(0.01)


async def floods() -> AsyncIterator[bytes]:
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\n\r\n" * 4000


@pytest.mark.parametrize("make", [drips, floods, informs_for_ever])
@pytest.mark.parametrize("kind", ["get", "list"])
async def test_answer_that_never_ends_is_given_up(
    tmp_path: Path, make: Callable[[], AsyncIterator[bytes]], kind: str
) -> None:
    async with HostileApiServer(lambda _: make()).running() as server:
        connection = connect(str(kubeconfig(tmp_path, server.url, {"token": "x"})), environment={})
        client = ApiClient(connection.http, deadline_seconds=0.5)
        async with asyncio.timeout(10):
            with pytest.raises(UnreachableError) as told:
                await (client.get(VERSION_ADDRESS) if kind == "get" else client.page(PODS, limit=500))
        await connection.aclose()

    assert str(told.value) == "the API server hangs: there was no whole answer within 0.5 s"


async def test_watch_that_is_never_accepted_is_given_up(tmp_path: Path) -> None:
    async with HostileApiServer(lambda _: informs_for_ever()).running() as server:
        connection = connect(str(kubeconfig(tmp_path, server.url, {"token": "x"})), environment={})
        client = ApiClient(connection.http, deadline_seconds=0.5)
        async with asyncio.timeout(10):
            with pytest.raises(UnreachableError):
                async with client.watch(PODS, "1", ends_after_seconds=45, silence_seconds=60):
                    pass
        await connection.aclose()


def client_of(*bodies: bytes, most: int, **bounds: int) -> tuple[httpx.AsyncClient, ApiClient]:
    left = iter(bodies)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=next(left)))
    http = httpx.AsyncClient(transport=transport, base_url="http://kubernetes.test")
    return http, ApiClient(http, max_body_bytes=most, **bounds)


def padded(length: int) -> bytes:
    body = b'{"metadata":{"resourceVersion":"7"},"items":[]}'
    return body + b" " * (length - len(body))


async def test_pages_that_are_held_at_a_time_share_one_bound() -> None:
    http, client = client_of(padded(600), padded(600), padded(600), padded(600), most=1000)
    async with http:
        with await client.page(PODS, limit=500), pytest.raises(BadAnswerError) as told:
            await client.page(PODS, limit=500)

        with await client.page(PODS, limit=500) as page:  # the first has made room
            assert page.resource_version == "7"

    assert str(told.value) == (
        "the answer to list pods in namespace deis would make all that are being read larger than 1,000 bytes"
    )


async def test_answers_that_are_refused_give_their_share_back() -> None:
    named = b'{"metadata":{"name":"one"}}'
    http, client = client_of(
        padded(1001), b"{" * 1000, named.ljust(999), named.ljust(1000), padded(1000), most=1000
    )
    async with http:
        for _ in range(2):
            with pytest.raises(BadAnswerError):
                await client.page(PODS, limit=500)
        assert len(await client.get(PODS)) == 999
        assert len(await client.get(PODS)) == 1000
        with await client.page(PODS, limit=500) as page:
            assert page.items == []


async def test_page_of_more_values_than_any_page_has_is_not_decoded() -> None:
    body = padded(2 * MIB).replace(b"[]", b"[" + b"0," * 2000 + b"0]")
    http, client = client_of(body, most=3 * MIB, max_page_values=1000)
    async with http:
        with pytest.raises(BadAnswerError) as told:
            await client.page(PODS, limit=500)

    assert str(told.value) == "the answer to list pods in namespace deis has more than 1,000 values"


# --- one resource ----------------------------------------------------------------------------------------


async def test_list_of_too_many_pages_is_down() -> None:
    pages = (nodes(5, token="more") for _ in range(3))

    told = await follow(*pages, nodes(6), bounds=Bounds(page_objects=500, most_pages=3))

    assert told.states[0] == (False, "the list of nodes has more than 3 pages")


async def test_list_of_too_many_objects_is_down() -> None:
    pages = (nodes(5, "a", "b", token="more"), nodes(5, "c", "d", token="more"))

    told = await follow(*pages, nodes(6), bounds=Bounds(page_objects=500, most_objects=3))

    assert told.states[0] == (False, "the API server has more than 3 objects of a resource")


async def test_list_that_expires_again_and_again_is_down_until_it_is_read() -> None:
    expired = [httpx.Response(410, content=failure(410)) for _ in range(4)]

    told = await follow(*expired, nodes(9, "a"), httpx.Response(410, content=failure(410)))

    down = (False, "the API server answered 410 Expired to list nodes")
    assert told.states == [(None, None), (None, None), down, down, (True, None)]
    assert told.counts["expired"] == 5
