"""Floors: the least that any program in Python could do. Run by the agent's own interpreter.

    python floors.py serve PORT PLAIN_FILE GZIP_FILE     answer these bytes and do nothing else
    python floors.py list URL CA_FILE PAGE_OBJECTS       read all nodes in pages, undecoded, and end
    python floors.py watch URL CA_FILE                   read each line of a watch of nodes, undecoded

`list` and `watch` take the token from the variable TOKEN. They print one line when they have read all,
and `serve` when it listens.
"""

import asyncio
import os
import re
import ssl
import sys
from pathlib import Path
from typing import Any

_CONTINUE = re.compile(rb'"continue":"([^"]*)"')
_VERSION = re.compile(rb'"resourceVersion":"([^"]*)"')
_HEAD_BYTES = 1024  # a list's own metadata stands before its items


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _peak_kib() -> str:
    # Not getrusage: its maximum begins with that of the process that started this one.
    return Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]


async def _serve(port: int, plain: bytes, gzip: bytes) -> None:
    # The agent's own listener, so that the settings of uvicorn are the same.
    from workflow_exporter.listeners import bind, serve_until  # noqa: PLC0415  the others need no server

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        compress = any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
        body = gzip if compress else plain
        headers = [
            (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
            (b"vary", b"Accept, Accept-Encoding"),
            (b"content-length", str(len(body)).encode()),
        ]
        if compress:
            headers.append((b"content-encoding", b"gzip"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    listener = bind("127.0.0.1", port, "PORT")
    _say("listening")
    await serve_until(asyncio.Event(), listener, answer)


async def _list(client: Any, page_objects: int) -> str:
    """Reads all pages; the version of the list."""
    parameters = {"limit": str(page_objects)}
    while True:
        body = bytearray()
        async with client.stream("GET", "/api/v1/nodes", params=parameters) as response:
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                body += chunk
        head = bytes(body[:_HEAD_BYTES])
        token = _CONTINUE.search(head)
        version = _VERSION.search(head)
        if not token or not token[1]:
            return version[1].decode() if version else ""
        parameters["continue"] = token[1].decode()


async def _watch(client: Any, version: str) -> None:
    parameters = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "3600"}
    async with client.stream("GET", "/api/v1/nodes", params=parameters, timeout=None) as response:
        response.raise_for_status()
        _say("watching")
        async for _ in response.aiter_bytes():
            pass


async def _read(what: str, url: str, ca_file: str, page_objects: int) -> None:
    import httpx  # noqa: PLC0415  a floor without it would not be one

    async with httpx.AsyncClient(
        base_url=url,
        verify=ssl.create_default_context(cafile=ca_file),
        headers={"Authorization": f"Bearer {os.environ['TOKEN']}", "Accept-Encoding": "identity"},
        timeout=60,
        trust_env=False,
    ) as client:
        if what == "list":
            await _list(client, page_objects)
            _say(f"read with a peak of {_peak_kib()} KiB")
        else:
            await _watch(client, await _list(client, 1_000_000))


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "serve":
        port, plain, gzip = rest
        asyncio.run(_serve(int(port), Path(plain).read_bytes(), Path(gzip).read_bytes()))
    else:
        url, ca_file, *more = rest
        asyncio.run(_read(what, url, ca_file, int(more[0]) if more else 0))


if __name__ == "__main__":
    main()
