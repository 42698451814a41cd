"""A credential plug-in of a kubeconfig: run with bounds on its time and on what it prints.

One that may ask its user at a terminal has no bound on its time: reading a device code takes minutes.

The protocol: kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

import msgspec

from workflow_exporter.errors import ConnectionSettingsError
from workflow_exporter.plain_text import escaped

_log = logging.getLogger(__name__)

_SECONDS = 20.0  # a plug-in that asks a cloud's API takes one or two
_MOST_BYTES = 1024 * 1024  # 1 MiB of credentials; a token and a certificate have some 10 KiB
_MOST_SAID = 1000  # characters of its standard error in a log line


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """What the plug-in gives."""

    token: str | None = None
    client_certificate_data: str | None = None  # PEM
    client_key_data: str | None = None  # PEM
    expiration_timestamp: datetime | None = None


class _Plugin(msgspec.Struct, frozen=True, rename="camel"):
    """The kubeconfig's `exec`."""

    command: str
    api_version: str
    args: Sequence[str] | None = None
    env: Sequence[Mapping[str, str]] | None = None
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"

    @property
    def is_interactive(self) -> bool:
        """Whether it may ask: there is a terminal to read from, and one where the question is seen."""
        return (
            self.interactive_mode != "Never"
            and sys.stdin is not None
            and sys.stdin.isatty()
            and sys.stderr is not None
            and sys.stderr.isatty()
        )


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    status: Status


@dataclass(slots=True)
class _Printed:
    """What was read of one stream; what comes beyond the bound is read and dropped."""

    data: bytes = b""

    def read(self, stream: IO[bytes], shown: bool) -> None:
        with suppress(OSError, ValueError):  # closed, because the plug-in had its time
            while part := os.read(stream.fileno(), 65536):
                self.data += part[: _MOST_BYTES - len(self.data)]
                if shown:
                    sys.stderr.write(_escaped_lines(part))
                    sys.stderr.flush()


def run_plugin(
    raw_plugin: object,
    cluster: Mapping[str, object],
    folder: str,
    who: str,
    *,
    seconds: float = _SECONDS,
    asks: Callable[[], None] = lambda: None,
) -> Status:
    """The credentials; without a token and a certificate where the plug-in fails, which the log explains.

    `cluster` as the kubeconfig has it, `folder`: of the kubeconfig. `who` names the plug-in in errors. Raises
    ConnectionSettingsError where the plug-in cannot be run or does not end in time; then it is killed.
    Before one runs that may ask its user, `asks` is called: it has all the time that the user takes.
    """
    try:
        plugin = msgspec.convert(raw_plugin, _Plugin)
        environment = dict(os.environ) | {entry["name"]: entry["value"] for entry in plugin.env or ()}
    except (msgspec.ValidationError, KeyError) as error:
        raise ConnectionSettingsError(f"{who} is not described as a plug-in should be: {error}") from error
    interactive = plugin.is_interactive
    if interactive:
        asks()
    environment["KUBERNETES_EXEC_INFO"] = json.dumps(_exec_info(plugin, cluster, interactive=interactive))
    try:
        process = subprocess.Popen(  # noqa: S603  the command is the operator's own, from the kubeconfig
            [plugin.command, *(plugin.args or ())],
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder or None,
            env=environment,
            # A session of its own can be killed as a whole, but cannot ask its user anything.
            start_new_session=not interactive,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "a null byte in its command"
        raise ConnectionSettingsError(f"{who} cannot be run: {why}") from error
    with process:
        printed, said = _communicate(process, None if interactive else seconds, who)
    return _status(plugin, process.returncode, printed, said)


def _exec_info(plugin: _Plugin, cluster: Mapping[str, object], *, interactive: bool) -> Mapping[str, object]:
    spec: dict[str, object] = {"interactive": interactive}
    if plugin.provide_cluster_info:
        extensions = cluster.get("extensions")
        given = [
            one["extension"]
            for one in (extensions if isinstance(extensions, list) else ())
            if one["name"] == "client.authentication.k8s.io/exec"
        ]
        spec["cluster"] = dict(cluster) | ({"config": given[0]} if given else {})
    return {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}


def _communicate(process: "subprocess.Popen[bytes]", seconds: float | None, who: str) -> tuple[bytes, bytes]:
    """All that it printed, once it has ended; `seconds` None: it may ask its user, and has no deadline."""
    interactive = seconds is None
    assert process.stdout is not None  # noqa: S101  both are pipes
    assert process.stderr is not None  # noqa: S101  as above
    printed, said = _Printed(), _Printed()
    readers = [
        threading.Thread(target=printed.read, args=(process.stdout, False), daemon=True),
        threading.Thread(target=said.read, args=(process.stderr, interactive), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        _kill(process, group=not interactive)  # also if it has closed its output, so that no reader waits
        raise ConnectionSettingsError(f"{who} did not end within {seconds:g} s: run it by hand") from error
    finally:
        for reader in readers:
            reader.join(1 if process.returncode is not None else 0)
        if any(reader.is_alive() for reader in readers):  # a child of the plug-in is left
            _kill(process, group=not interactive)
            for reader in readers:
                reader.join(1)
    return printed.data, said.data


def _kill(process: "subprocess.Popen[bytes]", *, group: bool) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended, and nothing of it is left
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _status(plugin: _Plugin, returncode: int, printed: bytes, said: bytes) -> Status:
    try:
        answer = msgspec.json.decode(printed, type=_Answer)
    except (ValueError, RecursionError):
        answer = None
    if returncode != 0:
        fault = f"ended with status {returncode}"
    elif answer is None:
        fault = "printed something that is no ExecCredential"
    elif answer.api_version != plugin.api_version:
        fault = "printed an ExecCredential of another apiVersion than the kubeconfig asks for"
    else:
        return answer.status
    words = " ".join(said.decode("utf-8", "replace").split())[:_MOST_SAID]
    _log.error("the credential plug-in %s%s", fault, f": {words}" if words else "")
    return Status()


def _escaped_lines(part: bytes) -> str:
    """Of what a plug-in asks its user: lines stay, everything else that steers a terminal is spelled out."""
    return "\n".join(escaped(line) for line in part.decode("utf-8", "replace").split("\n"))


def has_expired(status: Status, now: datetime) -> bool:
    """As client-go has it: at the moment that the plug-in says, if it says one."""
    expires = status.expiration_timestamp
    return expires is not None and _aware(expires) <= now


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
