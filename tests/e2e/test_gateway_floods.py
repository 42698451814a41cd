"""Floods of costly requests at the shipped rates, against the real process and its chart's limit of memory.

The requests come from many addresses as a proxy would say them; no wall clock is judged, but the process's
own CPU time and resident memory (proc(5)).
"""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
import yaml

from bench.machine import cpu_seconds
from costly_requests import FIELDS, MESSAGES, OTHERS, costly
from e2e.releases_api import ReleasesApi
from ingest_factories import HEADERS, identity, pack

_MIB = 2**20
_MOST_GROWTH_BYTES = 20 * _MIB
_MOST_CPU_SECONDS = 0.010  # for one request, HTTP included
_OF_EACH_KIND = 20  # requests; a clock tick of CPU time is 10 ms

COSTLY: dict[str, Callable[[int], bytes]] = {
    **{f"{kind} in {message}": partial(costly, message, kind) for message in MESSAGES for kind in FIELDS},
    **OTHERS,
}
HEADS = {
    "parameters of the type": {"content-type": "application/x-protobuf" + ";" * 30_000},
    "a long secret": {"authorization": "Bearer " + " " * 30_000 + "x"},
    "many forwarders": {"x-forwarded-for": "," * 30_000 + "192.0.2.250"},
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReleasesApi]:
    """With rates as shipped, behind one proxy; every request here is refused before a store is asked."""
    folder = tmp_path_factory.mktemp("gateway")
    settings = {"UPSTREAM_WRITE_URL": "http://127.0.0.1:9/write", "TRUSTED_PROXY_COUNT": "1"}
    with ReleasesApi(folder, **settings) as api:
        yield api


def memory_limit_bytes() -> int:
    values = yaml.safe_load((Path(__file__).parents[2] / "helm/workflow-releases/values.yaml").read_text())
    limit: str = values["resources"]["limits"]["memory"]
    return int(limit.removesuffix("Mi")) * _MIB


def raw(body: bytes, source: int, number: int, **changed: str) -> bytes:
    """A request from an address of this number with a secret of its own."""
    lines = {
        **HEADERS,
        "host": "gateway.test",
        "authorization": f"Bearer {identity(number)[0]}",
        "x-forwarded-for": f"10.{source >> 16}.{source >> 8 & 255}.{source & 255}",
        **changed,
        "content-length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /api/v1/write HTTP/1.1\r\n{head}\r\n".encode() + body


def refused(api: ReleasesApi) -> int:
    """How many reports were refused so far, as the program counts them before it answers."""
    lines = httpx.get(f"{api.metrics_url}/metrics", trust_env=False).text.splitlines()
    counted = (line.rpartition(" ") for line in lines if line.startswith("releases_ingest_requests_total{"))
    return round(sum(float(value) for name, _, value in counted if "accepted" not in name))


def flood(api: ReleasesApi, requests: list[bytes]) -> None:
    """Sends each on a connection of its own and leaves once all are counted: no answer is waited for."""
    expected = refused(api) + len(requests)
    port = int(api.settings["PORT"])

    async def send() -> None:
        writers = []
        for request in requests:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            await writer.drain()
            writers.append(writer)
        await asyncio.to_thread(api.wait_until, lambda: refused(api) >= expected, 30)
        for writer in writers:
            writer.close()

    asyncio.run(send())
    assert refused(api) == expected


def test_no_kind_of_request_costs_more_than_10_ms(gateway: ReleasesApi) -> None:
    taken: dict[str, float] = {}
    kinds: dict[str, list[bytes]] = {
        name: [raw(pack(payload(n)), n, n) for n in range(_OF_EACH_KIND)] for name, payload in COSTLY.items()
    }
    for name, changed in HEADS.items():
        kinds[name] = [raw(b"x", n, n, **changed) for n in range(_OF_EACH_KIND)]
    for name, requests in kinds.items():
        before = cpu_seconds(gateway.program.pid)
        flood(gateway, requests)
        taken[name] = (cpu_seconds(gateway.program.pid) - before) / len(requests)

    assert {name: seconds for name, seconds in taken.items() if seconds > _MOST_CPU_SECONDS} == {}


def test_memory_grows_by_less_than_20_mib_whatever_is_refused(gateway: ReleasesApi) -> None:
    """120 at once from each of 40 addresses, each with a body, a secret and words of its own."""
    kinds = list(COSTLY.values())
    flood(gateway, [raw(pack(kinds[n % len(kinds)](n)), 1_000, n) for n in range(100)])  # what is made once
    before = gateway.program.rss_bytes()

    for source in range(40):
        numbers = range(source * 120, source * 120 + 120)
        flood(gateway, [raw(pack(kinds[n % len(kinds)](n)), 2_000 + source, n) for n in numbers])

    assert gateway.program.rss_bytes() - before < _MOST_GROWTH_BYTES
    assert gateway.program.rss_bytes("VmHWM") < memory_limit_bytes()


def test_log_has_a_line_for_each_reason_and_not_for_each_request(gateway: ReleasesApi) -> None:
    """After thousands of refusals for a few reasons within a minute or two."""
    lines = gateway.program.log_file.read_text().splitlines()

    assert 0 < len([line for line in lines if "reports refused" in line]) < 30
    assert len(lines) < 60
