"""PostgreSQL: an engine whose every wait ends, also where the server or the way to it falls silent."""

import threading
import time
from collections.abc import Generator
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

CONNECT_SECONDS = 5
# How long the server may say nothing while an answer is waited for.
ANSWER_SECONDS = 10.0
# The server ends a statement by itself this much earlier, so that its own error reaches the log.
_SOONER_SECONDS = 2.0
# A session whose replica is gone may hold the change counter, and every publication waits for it. No
# transaction of ours needs that long between two statements.
_IDLE_SECONDS = 15

_Result = TypeVar("_Result")


def postgresql_engine(
    url: URL, busy_seconds: float, answer_seconds: float, pool_seconds: float, given_up: threading.Event
) -> Engine:
    """`busy_seconds` for a lock, `answer_seconds` without a word, `pool_seconds` for a connection.

    When `given_up` is set, no statement waits any longer for an answer that does not come.
    """
    statement_seconds = max(answer_seconds - _SOONER_SECONDS, answer_seconds / 2)
    engine = create_engine(
        url,
        pool_size=4,
        max_overflow=4,
        pool_pre_ping=True,  # a restarted server costs no failed request
        pool_timeout=pool_seconds,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "workflow-releases",
            # A peer whose machine is gone answers no packet; one that hangs answers packets and nothing else,
            # which `_Connection` notices.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": round(answer_seconds * 1000),
            "options": f"-c lock_timeout={busy_seconds * 1000:.0f} "
            f"-c statement_timeout={statement_seconds * 1000:.0f} "
            f"-c idle_in_transaction_session_timeout={_IDLE_SECONDS}s",
        },
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, named: Any) -> "_Connection":
        if given_up.is_set():
            raise psycopg.OperationalError("closed")
        connection = _Connection.connect(*args, **named)
        connection.answer_seconds, connection.given_up = answer_seconds, given_up
        return connection

    return engine


class _Connection(psycopg.Connection[Any]):
    """Gives up, for good, when the server has said nothing for `answer_seconds`."""

    answer_seconds = ANSWER_SECONDS
    given_up: threading.Event | None = None

    def wait(self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None) -> _Result:
        try:
            return super().wait(self._heard(gen), interval, timeout)
        except _SilentError:
            self.pgconn.finish()  # an answer that comes later must not be taken for that of another question
            raise

    def _heard(self, steps: PQGen[_Result]) -> Generator[Any, Any, _Result]:
        """The same steps, until none was possible for too long; `wait` asks several times a second."""
        deadline = time.monotonic() + self.answer_seconds
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                now = time.monotonic()
                if ready:
                    deadline = now + self.answer_seconds
                elif now > deadline or (self.given_up is not None and self.given_up.is_set()):
                    raise _SilentError(f"the server has said nothing for {self.answer_seconds:g} s")
                wanted = steps.send(ready)
        except StopIteration as end:
            result: _Result = end.value
            return result


class _SilentError(psycopg.OperationalError):
    """The server is there, or seems to be, and says nothing."""
