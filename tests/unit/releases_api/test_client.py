"""What a releases API says reaches the log of a pipeline, except where it repeats the pipeline's token."""

import base64
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import msgspec
import pytest

from workflow_releases.cli.arguments import parser
from workflow_releases.cli.client import ReleasesClient
from workflow_releases.cli.remote import import_, notice
from workflow_releases.errors import Fault, RefusedError, ServerError, SettingsError, WorkflowReleasesError

TOKEN = "wfr_0123456789ab_" + base64.urlsafe_b64encode(bytes(range(60, 92))).decode().rstrip("=")
SENTENCE = "the server's words are not shown, since they hold a part of the token"
ECHOES = {
    "whole": TOKEN,
    "cut": f"no such token: {TOKEN[20:28]}...",
    "its beginning": TOKEN[:12],
    "spaced": " ".join(TOKEN),
    "by dashes": "-".join(TOKEN[at : at + 4] for at in range(0, 40, 4)),
    "by lines": "\n".join(TOKEN[at : at + 5] for at in range(0, 40, 5)),
    "by what is not seen": "\u200b".join(TOKEN[17:40]),
    "in capitals": f"({TOKEN.upper()})",
}


def told(answer: httpx.Response) -> WorkflowReleasesError:
    transport = httpx.MockTransport(lambda _: answer)
    client = ReleasesClient("https://releases.example.org", TOKEN, transport=transport)
    with client, pytest.raises(WorkflowReleasesError) as raised:
        client.send("PUT", "v1", "catalogs", "deis", document={})
    return raised.value


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("status", [401, 422, 429, 503])
def test_server_that_repeats_the_token_is_not_quoted(status: int, echo: str) -> None:
    error = told(httpx.Response(status, json={"error": f"not good: {ECHOES[echo]}"}))

    assert str(error).endswith(f"{status}): {SENTENCE}" if status in {401, 422} else f"{status}: {SENTENCE}")


@pytest.mark.parametrize(
    "faults",
    [
        [{"path": "title", "reason": TOKEN}],
        [{"path": TOKEN, "reason": "is wrong"}],
        [{"path": "", "reason": TOKEN[at : at + 6]} for at in range(17, 41, 6)],
    ],
)
def test_faults_that_repeat_the_token_are_not_quoted(faults: list[dict[str, str]]) -> None:
    error = told(httpx.Response(422, json={"error": "2 faults", "faults": faults}))

    assert isinstance(error, RefusedError)
    assert (str(error), error.faults) == (f"refused (422): {SENTENCE}", ())


def test_reason_phrase_and_redirect_that_repeat_the_token_are_not_quoted() -> None:
    phrase = told(httpx.Response(404, extensions={"reason_phrase": TOKEN.encode()}))
    redirect = told(httpx.Response(307, headers={"location": f"https://example.org/{TOKEN}"}))

    assert str(phrase) == f"refused (404): {SENTENCE}"
    assert isinstance(redirect, SettingsError)
    assert str(redirect).endswith(f"redirects to another address: {SENTENCE}")


def test_broken_answer_that_repeats_the_token_is_not_quoted() -> None:
    def breaks(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError(f"illegal status line: {request.headers['authorization']!r}")

    client = ReleasesClient("https://a.example", TOKEN, transport=httpx.MockTransport(breaks))
    with client, pytest.raises(ServerError, match=re.escape(SENTENCE)):
        client.send("GET", "v1")


def test_server_that_does_not_repeat_the_token_is_quoted() -> None:
    faults = [{"path": "title", "reason": f"is not {TOKEN[:7]}"}]

    error = told(httpx.Response(422, json={"error": "the notice has 1 fault", "faults": faults}))

    assert isinstance(error, RefusedError)
    assert str(error) == "refused (422): the notice has 1 fault"
    assert error.faults == (Fault("title", f"is not {TOKEN[:7]}"),)


@contextmanager
def echoing(body: bytes) -> Iterator[dict[str, str]]:
    """The environment of a pipeline whose server takes everything and puts the token into its answers."""

    class Echo(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("x-effect", TOKEN)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST = answer  # noqa: N815  names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"RELEASES_URL": f"http://127.0.0.1:{server.server_port}", "RELEASES_TOKEN": TOKEN}
        server.shutdown()


def test_results_that_repeat_the_token_are_not_quoted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "deis.json").write_text('{"platform": "deis"}')
    counts = dict.fromkeys(["components", "releases", "bundles", "notices"], TOKEN)

    with echoing(msgspec.json.encode({"effect": TOKEN, **counts})) as environment:
        statuses = [
            notice(parser().parse_args(["notice", "deis", "cve", "--title", "x"]), environment),
            import_(parser().parse_args(["import", str(tmp_path / "deis.json")]), environment),
        ]

    assert statuses == [0, 0]
    assert capsys.readouterr().out == f"{SENTENCE}: deis/notices/cve\n{SENTENCE}\n"
