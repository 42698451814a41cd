"""Dockerfiles as values, and their first stage carried out without a container engine.

What belongs here: the few instructions that this project's files use, read as Docker reads them
(docs.docker.com/reference/dockerfile). An instruction that is not known is an error, so that nothing of a
file goes untested unseen.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from string import Template

from shell import GIVEN

ROOT = Path(__file__).parents[1]
_KNOWN = frozenset(
    ["ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "LABEL", "RUN", "USER", "WORKDIR"]
)
_PAIR = re.compile(r'([\w.-]+)=("(?:[^"\\]|\\.)*"|\S*)')


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str  # in capitals
    text: str  # without the flags; continued lines are joined by blanks
    flags: tuple[str, ...] = ()  # such as --from=build


@dataclass(frozen=True, slots=True)
class Stage:
    instructions: tuple[Instruction, ...]  # FROM first

    def texts(self, name: str) -> list[str]:
        return [instruction.text for instruction in self.instructions if instruction.name == name]

    def pairs(self, name: str) -> dict[str, str]:
        """What ENV, LABEL or ARG set, unexpanded."""
        return {key: value.strip('"') for text in self.texts(name) for key, value in _PAIR.findall(text)}

    def exec_form(self, name: str) -> list[str]:
        """Of CMD or ENTRYPOINT; [] if there is none. Raises ValueError for the shell form."""
        parsed: list[str] = json.loads((self.texts(name) or ["[]"])[-1])
        return parsed


@dataclass(frozen=True, slots=True)
class Dockerfile:
    defaults: dict[str, str]  # ARG before the first stage
    stages: tuple[Stage, ...]

    @property
    def final(self) -> Stage:
        return self.stages[-1]


def read_dockerfile(path: Path) -> Dockerfile:
    """Raises ValueError for an instruction that this module does not know."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    found = [
        _instruction(line) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()
    ]
    starts = [at for at, instruction in enumerate(found) if instruction.name == "FROM"]
    ends = [*starts[1:], len(found)]
    return Dockerfile(
        Stage(tuple(found[: starts[0]])).pairs("ARG"),
        tuple(Stage(tuple(found[start:end])) for start, end in zip(starts, ends, strict=True)),
    )


def _instruction(line: str) -> Instruction:
    name, *words = line.split()
    if name not in _KNOWN:
        raise ValueError(f"{name} is an instruction that tests do not know")
    flags: list[str] = []
    while words and words[0].startswith("--"):
        flags.append(words.pop(0))
    return Instruction(name, " ".join(words), tuple(flags))


class Context:
    """The folder that is sent to the builder, without what .dockerignore leaves out."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        lines = (root / ".dockerignore").read_text("utf-8").splitlines()
        self._patterns = [line for line in lines if line and not line.startswith("#")]

    def holds(self, path: Path) -> bool:
        """Whether a file or folder, relative to the root, reaches the builder: the last pattern decides."""
        held = True
        for pattern in self._patterns:
            wanted = pattern.startswith("!")
            if any(_matches(part, pattern.removeprefix("!")) for part in (path, *path.parents)):
                held = wanted
        return held

    def copy(self, source: str, target: Path) -> None:
        """As COPY does: a folder's content, or a file."""
        start = self._root / source
        files = [start] if start.is_file() else [path for path in start.rglob("*") if path.is_file()]
        copied = 0
        for file in files:
            if self.holds(file.relative_to(self._root)):
                to = target if start.is_file() else target / file.relative_to(start)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, to)
                copied += 1
        if not copied:
            raise ValueError(f"COPY {source}: nothing of it is in the context")


def _matches(path: Path, pattern: str) -> bool:
    """The part of the patterns that is in use: `*` at the root, whole paths, and `**/` before a name."""
    if pattern == "*":
        return len(path.parts) == 1
    if pattern.startswith("**/"):
        return fnmatchcase(path.name, pattern.removeprefix("**/"))
    return path.as_posix() == pattern


def perform(stage: Stage, context: Context, site: Path, places: Mapping[str, Path], python: Path) -> None:
    """Carries out a stage: `site` stands for its WORKDIR, and `places` for the folders its ARGs name.

    RUN is given to sh word for word; the folder of `python` stands in for the base image's. Raises
    RuntimeError with the end of the step's output.
    """
    arguments = {**stage.pairs("ARG"), **{name: str(path) for name, path in places.items()}}
    # How this machine reaches a package index, and where pip keeps what it had.
    keep = re.compile(r"HOME|LANG|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|PIP_.*|(?i:https?_proxy|no_proxy)")
    environment = {name: value for name, value in GIVEN.items() if keep.fullmatch(name)}
    environment |= {"PATH": f"{python.parent}:{os.defpath}", **arguments}
    for instruction in stage.instructions[1:]:
        if instruction.name == "COPY":
            source, target = (Template(word).substitute(arguments) for word in instruction.text.split())
            context.copy(source, site / target)
        elif instruction.name == "RUN":
            _run(instruction.text, site, environment)
        elif instruction.name not in {"ARG", "WORKDIR"}:
            raise ValueError(f"{instruction.name} in a build stage is not tried by tests")


def _run(command: str, folder: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-ec", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,  # a first download of all wheels
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"RUN {command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
