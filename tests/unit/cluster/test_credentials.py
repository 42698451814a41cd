import asyncio
import threading

import httpx
import pytest

from fakes.script import Script, answer, failure
from workflow_exporter.cluster.credentials import Credentials
from workflow_exporter.errors import ClusterError, ConnectionSettingsError

pytestmark = pytest.mark.anyio


class Tokens:
    """A source whose token is `current`; renewing takes the next."""

    def __init__(self, current: str | None, *following: str) -> None:
        self.current = current
        self.readings = 0
        self.renewals = 0
        self._following = list(following)

    def authorization(self) -> str | None:
        self.readings += 1
        return self.current

    def renew(self) -> None:
        self.renewals += 1
        if self._following:
            self.current = self._following.pop(0)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def sent(script: Script) -> list[str | None]:
    return [headers.get("Authorization") for headers in script.headers]


async def test_header_is_asked_for_anew_for_each_request() -> None:
    tokens, script = Tokens("bearer one"), Script(answer({}), answer({}), answer({}))

    async with script.client(Credentials(tokens)) as http:
        await http.get("/version")
        tokens.current = "bearer two"
        await http.get("/version")
        tokens.current = None  # a client certificate needs no header
        await http.get("/version")

    assert sent(script) == ["bearer one", "bearer two", None]


async def test_401_is_answered_with_renewed_credentials_once() -> None:
    tokens = Tokens("old", "new", "newest")
    script = Script(failure(401), failure(401))

    async with script.client(Credentials(tokens)) as http:
        response = await http.get("/version")

    assert (response.status_code, sent(script), tokens.renewals) == (401, ["old", "new"], 1)


async def test_credentials_that_stay_wrong_are_renewed_only_now_and_then() -> None:
    tokens, clock = Tokens("wrong"), Clock()
    script = Script(*(failure(401) for _ in range(5)))

    async with script.client(Credentials(tokens, renewal_interval_seconds=5, clock=clock)) as http:
        renewals = []
        for seconds in (0.0, 4.9, 5.0):
            clock.seconds = seconds
            await http.get("/version")
            renewals.append(tokens.renewals)

    assert (renewals, len(sent(script))) == ([1, 1, 2], 5)


async def test_requests_that_meet_401_together_share_one_renewal() -> None:
    tokens = Tokens("old", "new")

    def by_token(request: httpx.Request) -> httpx.Response:
        return answer({}) if request.headers["Authorization"] == "new" else failure(401)

    script = Script(*[by_token] * 16)

    async with script.client(Credentials(tokens)) as http:
        responses = await asyncio.gather(*(http.get("/version") for _ in range(8)))

    assert ([response.status_code for response in responses], tokens.renewals) == ([200] * 8, 1)


class SlowTokens(Tokens):
    """The fourth reading began before the renewal and ends after it."""

    def __init__(self) -> None:
        super().__init__("old", "new")
        self.renewing, self.may_renew, self.renewed = (threading.Event() for _ in range(3))
        self.held, self.may_read = threading.Event(), threading.Event()

    def authorization(self) -> str | None:
        value = super().authorization()
        if self.readings == 4:
            self.held.set()
            self.may_read.wait()
        return value

    def renew(self) -> None:
        self.renewing.set()
        self.may_renew.wait()
        super().renew()
        self.renewed.set()


async def test_what_began_to_be_read_before_a_renewal_is_not_taken_for_what_came_of_it() -> None:
    tokens = SlowTokens()

    def by_token(request: httpx.Request) -> httpx.Response:
        return answer({}) if request.headers["Authorization"] == "new" else failure(401)

    async with Script(*[by_token] * 4).client(Credentials(tokens)) as http:
        first = asyncio.create_task(http.get("/version"))
        await asyncio.to_thread(tokens.renewing.wait)
        second = asyncio.create_task(http.get("/version"))
        await asyncio.to_thread(tokens.held.wait)
        tokens.may_renew.set()
        await asyncio.to_thread(tokens.renewed.wait)
        tokens.may_read.set()
        responses = await asyncio.gather(first, second)

    assert [response.status_code for response in responses] == [200, 200]
    assert tokens.renewals == 1


async def test_plugin_that_hangs_is_given_up_and_does_not_hold_the_end_of_the_program() -> None:
    class Hangs(Tokens):
        def authorization(self) -> str | None:
            release.wait()
            return super().authorization()

    release, tokens = threading.Event(), Hangs("token")
    script = Script(answer({}))
    async with script.client(Credentials(tokens, deadline_seconds=0.05)) as http:
        with pytest.raises(ClusterError) as first:
            await http.get("/version")
        with pytest.raises(ClusterError):
            await http.get("/version")  # waits for the same plug-in, and starts no second
        threads = [thread for thread in threading.enumerate() if thread.name == "credentials"]
        release.set()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        response = await http.get("/version")

    assert [thread.daemon for thread in threads] == [True]
    assert str(first.value) == (
        "the credentials could not be read within 0.05 s: run the kubeconfig's credential plug-in by hand"
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            FileNotFoundError(2, "No such file or directory", "/telling"),
            "the credentials could not be read: No such file or directory",
        ),
        (ClusterError("our own words"), "our own words"),
    ],
)
async def test_credentials_that_cannot_be_had_are_told_in_one_line(error: Exception, reason: str) -> None:
    class Fails(Tokens):
        def authorization(self) -> str | None:
            raise error

    async with Script().client(Credentials(Fails(None))) as http:
        with pytest.raises(ClusterError) as told:
            await http.get("/version")

    assert str(told.value) == reason


TELLING = "kubeconfig /kc/of/alice: the credential plug-in of user alice@bigcustomer.example failed"


class Unreadable(Tokens):
    def authorization(self) -> str | None:
        raise ConnectionSettingsError(TELLING)


class Unrenewable(Tokens):
    def renew(self) -> None:
        raise ConnectionSettingsError(TELLING)


@pytest.mark.parametrize("source", [Unreadable("wrong"), Unrenewable("wrong")])
async def test_users_files_and_servers_of_a_kubeconfig_are_told_to_the_log_alone_and_once(
    source: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = Credentials(source, renewal_interval_seconds=0)
    told = []
    async with Script(failure(401), failure(401)).client(credentials) as http:
        for _ in range(2):
            with pytest.raises(ClusterError) as shown:
                await http.get("/version")
            told.append(str(shown.value))

    assert set(told) == {
        "the kubeconfig or the service account gives no usable credentials: the log says why"
    }
    assert [TELLING in message for message in caplog.messages] == [True]
