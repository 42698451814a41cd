"""What the client believes of an API server's answers."""

from collections.abc import AsyncIterator

import httpx
import pytest

from workflow_exporter.cluster.addresses import Address
from workflow_exporter.cluster.api_client import ApiClient
from workflow_exporter.cluster.api_errors import BadAnswerError

pytestmark = pytest.mark.anyio

PODS = Address("/api/v1/namespaces/deis/pods", "pods in namespace deis")


async def test_a_page_that_never_ends_is_given_up_at_its_bound() -> None:
    sent = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                sent.append(1000)
                yield b" " * 1000

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless()))
    async with httpx.AsyncClient(transport=transport, base_url="http://kubernetes.test") as http:
        client = ApiClient(http, max_body_bytes=5000)
        with pytest.raises(BadAnswerError) as refused:
            await client.page(PODS, limit=500)

    assert str(refused.value) == "the answer to list pods in namespace deis is larger than 5,000 bytes"
    assert sum(sent) == 6000


async def test_a_page_as_large_as_its_bound_is_read() -> None:
    body = b'{"metadata":{"resourceVersion":"7"},"items":[]}'
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    async with httpx.AsyncClient(transport=transport, base_url="http://kubernetes.test") as http:
        page = await ApiClient(http, max_body_bytes=len(body)).page(PODS, limit=500)

    assert page.resource_version == "7"
