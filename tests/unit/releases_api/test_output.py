"""A command whose answer cannot be written ends with one line, and with a status of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from full_disks import largest_file
from workflow_releases.catalog.signature import create_key, private_key_pem

COMMAND = [sys.executable, "-m", "workflow_releases"]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    path.write_bytes(private_key_pem(create_key()))
    return path


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("key", "show")])
def test_full_disk_is_one_line_and_status_3(
    key_file: Path, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    command = [*COMMAND, *arguments, *([str(key_file)] if arguments[0] == "key" else [])]
    with (tmp_path / "answer").open("wb") as full, largest_file(0):
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, text=True)

    sentence = "workflow-releases: the answer cannot be written: File too large\n"
    assert (done.returncode, done.stderr) == (3, sentence)


def test_answer_that_nobody_reads_ends_quietly(key_file: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [*COMMAND, "key", "show", str(key_file)], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (141, b"")
