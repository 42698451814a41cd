"""The images' steps, carried out as their Dockerfiles say: built, installed, and run by another user who may
write nothing. No container engine is needed; what the base image brings is all that is not tried."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

import httpx
import pytest

from dockerfiles import ROOT, Context, Stage, perform, read_dockerfile
from e2e.processes import Program, free_ports
from e2e.reporting import cluster

PROGRAMS = ("exporter", "releases-api")
_START_SECONDS = 90  # on a busy machine


@dataclass(frozen=True, slots=True)
class Installed:
    """The final stage's filesystem, as far as the file makes it."""

    final: Stage
    app: Path  # stands for /app
    data: Path  # the one folder that the user may write to, standing for a volume

    def argv(self, *arguments: str) -> list[str]:
        """ENTRYPOINT, and CMD unless there are `arguments`, as the image's USER."""
        entry, *rest = self.final.exec_form("ENTRYPOINT")
        command = [*rest, *(arguments or self.final.exec_form("CMD"))]
        user = self.final.texts("USER")[0].split(":")[0]
        return [*_as_user(user), entry.replace("/app", str(self.app)), *command]

    def environment(self, **settings: str) -> dict[str, str]:
        """The image's ENV with these settings, as an engine would give it."""
        base = {**self.final.pairs("ARG"), "PATH": os.defpath}
        own = {key: Template(value).substitute(base) for key, value in self.final.pairs("ENV").items()}
        return {**own, "PATH": own["PATH"].replace("/app", str(self.app)), **settings}


def _as_user(number: str) -> list[str]:
    """Only root may become another; who runs the tests as somebody else is another than root already."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
    return [
        setpriv,
        "--reuid",
        number,
        "--regid",
        number,
        "--clear-groups",
        "--no-new-privs",
        "--pdeathsig",
        "KILL",
    ]


@pytest.fixture(scope="module")
def install() -> Iterator[Callable[[str], Installed]]:
    # pytest closes its folders to every other user.
    folder = Path(tempfile.mkdtemp(prefix="images-"))
    folder.chmod(0o755)
    done: dict[str, Installed] = {}

    def once(program: str) -> Installed:
        if program not in done:
            done[program] = _install(program, folder / program)
        return done[program]

    yield once
    subprocess.run(["/bin/chmod", "--recursive", "u+w", folder], check=True)
    shutil.rmtree(folder)


def _install(program: str, folder: Path) -> Installed:
    image = read_dockerfile(ROOT / program / "Dockerfile")
    site, app, data = folder / "src", folder / "app", folder / "data"
    for made in (site, data):
        made.mkdir(parents=True)
    places = {"APP": app, "BUILD": folder / "build"}
    perform(image.stages[0], Context(), site, places, Path(sys.executable))
    shutil.rmtree(site)  # the final stage has neither
    shutil.rmtree(places["BUILD"])
    if os.geteuid() == 0:
        os.chown(data, 65532, 65532)
    subprocess.run(["/bin/chmod", "--recursive", "a-w", app], check=True)
    return Installed(image.final, app, data)


def serves(installed: Installed, *arguments: str, **settings: str) -> dict[str, int]:
    """Statuses of a started image's routes; it must end by SIGTERM with 0."""
    port, metrics_port = free_ports(2)
    ports = {"PORT": str(port), "METRICS_PORT": str(metrics_port), "HOST": "127.0.0.1"}
    program = Program(
        "image", installed.argv(*arguments), installed.data, installed.environment(**ports, **settings)
    )
    program.start()
    try:
        with httpx.Client(trust_env=False, timeout=30) as http:
            _wait_until_ready(http, f"http://127.0.0.1:{port}/readyz", program)
            paths = ("/healthz", "/readyz", "/")
            answers = {path: http.get(f"http://127.0.0.1:{port}{path}").status_code for path in paths}
            answers["/metrics"] = http.get(f"http://127.0.0.1:{metrics_port}/metrics").status_code
    finally:
        status = program.stop()
    assert status == 0, program.log_tail()
    return answers


def _wait_until_ready(http: httpx.Client, url: str, program: Program) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        program.check_running()
        with contextlib.suppress(httpx.TransportError):
            if http.get(url).status_code == 200:
                return
        if time.monotonic() > deadline:
            raise AssertionError(f"not ready in {_START_SECONDS} s\n{program.log_tail()}")
        time.sleep(0.05)  # the interval of polling, not a wait for luck


def files(folder: Path) -> list[tuple[str, int]]:
    """Every file with its size."""
    return sorted(
        (str(p.relative_to(folder)), p.lstat().st_size) for p in folder.rglob("*") if not p.is_dir()
    )


ALL_FINE = {"/healthz": 200, "/readyz": 200, "/": 200, "/metrics": 200}


def test_agent_serves_from_a_tree_that_nobody_may_write(install: Callable[[str], Installed]) -> None:
    image = install("exporter")
    shutil.copytree(ROOT / "exporter" / "sample", image.data / "sample")
    before = files(image.app)

    statuses = serves(image, "--from", str(image.data / "sample"), CHECK_VERSIONS="false")

    assert statuses == ALL_FINE
    assert files(image.app) == before


def test_agent_connects_to_a_cluster_without_the_typed_clients_that_the_image_leaves_out(
    install: Callable[[str], Installed],
) -> None:
    image = install("exporter")

    with cluster(image.data / "cluster", "deis-v2.18.0") as kubeconfig:
        for path in (kubeconfig, *kubeconfig.parent.iterdir()):
            path.chmod(0o644)
        statuses = serves(image, "--kubeconfig", str(kubeconfig), CHECK_VERSIONS="false")

    assert statuses == ALL_FINE


def test_releases_api_serves_and_writes_nothing_but_its_database(install: Callable[[str], Installed]) -> None:
    image = install("releases-api")
    before = files(image.app)

    statuses = serves(image)  # CMD, and the settings' defaults: SQLite in the WORKDIR

    assert statuses == ALL_FINE
    assert files(image.app) == before
    written = {name.removesuffix("-wal").removesuffix("-shm") for name, _size in files(image.data)}
    assert written == {"image.log", "releases.db"}


def test_migration_is_a_command_of_the_same_image(install: Callable[[str], Installed]) -> None:
    image = install("releases-api")

    done = subprocess.run(
        image.argv("database", "upgrade"),
        env=image.environment(DATABASE_URL=f"sqlite:///{image.data}/migrated.db"),
        cwd=image.data,
        capture_output=True,
        text=True,
        timeout=_START_SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert (image.data / "migrated.db").exists()


@pytest.mark.parametrize("program", PROGRAMS)
def test_prefix_holds_no_installer_and_everything_is_compiled(
    install: Callable[[str], Installed], program: str
) -> None:
    app = install(program).app

    assert not [path.name for path in (app / "bin").iterdir() if path.name.startswith(("pip", "wheel"))]
    sources = [path for path in app.rglob("*.py") if path.stat().st_size]
    uncompiled = [path.name for path in sources if not _compiled(path).exists()]
    assert uncompiled == []


def _compiled(source: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(source)))


@pytest.mark.parametrize(("program", "most"), [("exporter", 80), ("releases-api", 90)])
def test_image_adds_little_to_its_base(install: Callable[[str], Installed], program: str, most: int) -> None:
    mebibytes = sum(size for _name, size in files(install(program).app)) / 2**20

    assert mebibytes < most


@pytest.mark.parametrize("program", PROGRAMS)
def test_user_of_the_image_is_not_root_and_may_not_write_to_it(
    install: Callable[[str], Installed], program: str
) -> None:
    image = install(program)
    python = str(image.app / "bin" / "python")
    code = """
import os, sys
print(os.geteuid() != 0, [os.access(path, os.W_OK) for path in (sys.prefix, sys.argv[1])])
"""

    argv = [*image.argv()[: -1 - len(image.final.exec_form("CMD"))], python, "-c", code, str(image.data)]
    shown = subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    assert shown == "True [False, True]\n"
