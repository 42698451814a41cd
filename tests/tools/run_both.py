"""`make run`: the releases API and the agent side by side on this machine, until Ctrl-C.

Needs only what the two programs need. The API's database is kept in build/run, so that a release published
yesterday is still there today. Arguments go to the agent: what to read. Host, ports and another folder are
given by variables, which `make run` sets from its own command line; no other variable steers the programs.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tools.variables import PROXIES, without_steering

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
FOLDER = ROOT / os.environ.get("RUN_FOLDER", "build/run")
PORTS = {"PORT": "8080", "METRICS_PORT": "8081", "API_PORT": "8090", "API_METRICS_PORT": "8091"}
SECONDS_TO_START = 30
GUIDE = """
The page            {page}
Prometheus metrics  {metrics}
The releases API    {api}

Publish a release and see the banner within a minute:
  {publish} publish {platform} router v9.9.9 --url {api} --token-file {token}
"""


def main() -> int:
    """Starts the API, makes a token once, starts the agent; ends with whichever ends first."""
    for ending in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C: else both programs would be left behind
        signal.signal(ending, signal.default_int_handler)
    FOLDER.mkdir(parents=True, exist_ok=True)
    host = os.environ.get("HOST", "127.0.0.1")
    ports = {name: os.environ.get(name, usual) for name, usual in PORTS.items()}
    check_ports(host, ports)
    api_url = address(host, ports["API_PORT"])
    database = {"DATABASE_URL": f"sqlite:///{FOLDER / 'releases.db'}"}
    api = start(
        *("workflow-releases", "serve"),
        **database,
        HOST=host,
        PORT=ports["API_PORT"],
        METRICS_PORT=ports["API_METRICS_PORT"],
    )
    agent = None
    try:
        if not answers(f"{api_url}/readyz", api):
            return api.wait()
        token = token_file(database)
        agent = start(
            *("workflow-exporter", *sys.argv[1:]),
            HOST=host,
            PORT=ports["PORT"],
            METRICS_PORT=ports["METRICS_PORT"],
            VERSIONS_API_URL=api_url,
            POLL_INTERVAL_SEC="60",
        )
        page = f"{address(host, ports['PORT'])}/"
        if answers(f"{page}readyz", agent):
            metrics = f"{address(host, ports['METRICS_PORT'])}/metrics"
            print(guide(page, metrics, api_url, token), flush=True)  # noqa: T201 - what `make run` is to say
        return first_to_end(api, agent)
    except KeyboardInterrupt:
        return 0
    finally:
        for process in filter(None, (agent, api)):
            process.send_signal(signal.SIGTERM)
            process.wait()


def address(host: str, port: str) -> str:
    """The URL of a listener; an IPv6 address stands in brackets there, RFC 3986, 3.2.2."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check_ports(host: str, ports: Mapping[str, str]) -> None:
    """Ends the script with a line that names the variable where a port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as held:  # all at once, so that none is given twice
        for name, port in ports.items():
            try:
                probe = held.enter_context(socket.socket(family))
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the listeners do
                probe.bind((host, int(port)))
            except (OSError, ValueError, OverflowError) as error:
                why = error.strerror if isinstance(error, OSError) else "no port number"
                sys.exit(
                    f"make run: {name}={port} with HOST={host}: {why}. Choose another: make run {name}=…"
                )


def start(program: str, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
    # A process group of its own: Ctrl-C is for this script, which then ends both in order.
    return subprocess.Popen(
        [BIN / program, *arguments], env=environment(settings), cwd=ROOT, start_new_session=True
    )


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """A real cluster may be behind the shell's proxy; the sample and the API are on this machine."""
    keep = PROXIES if "--kubeconfig" in sys.argv else frozenset[str]()
    return {**without_steering(os.environ, keep=keep), **settings}


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the address answers 200 before the process ends or time is up."""
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy leads to this machine
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with straight.open(url, timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def token_file(database: Mapping[str, str]) -> Path:
    """A token to publish with, made once and readable by its owner only."""
    path = FOLDER / "token"
    if not path.exists():
        created = subprocess.run(
            [BIN / "workflow-releases", "token", "create", "--scope", "publish", "make-run"],
            env=environment(database),
            stdout=subprocess.PIPE,
            check=True,
        )
        path.touch(mode=0o600)
        path.write_bytes(created.stdout)
    return path


def guide(page: str, metrics: str, api_url: str, token: Path) -> str:
    return GUIDE.format(
        page=page,
        metrics=metrics,
        api=api_url,
        publish=(BIN / "workflow-releases").relative_to(ROOT),
        platform="hephy",
        token=token.relative_to(ROOT) if token.is_relative_to(ROOT) else token,
    )


def first_to_end(*processes: subprocess.Popen[bytes]) -> int:
    while True:
        for process in processes:
            if (status := process.poll()) is not None:
                return status
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
