"""The protobuf code that is committed is what protoc makes of the .proto file; `make generate` writes it."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "exporter" / "src"
PROTO = Path("workflow_exporter/reporter/remote_write.proto")


@pytest.mark.parametrize("suffix", ["_pb2.py", "_pb2.pyi"])
def test_the_committed_code_is_what_protoc_writes(tmp_path: Path, suffix: str) -> None:
    command = [
        "-m",
        "grpc_tools.protoc",
        "-I",
        ".",
        f"--python_out={tmp_path}",
        f"--pyi_out={tmp_path}",
        str(PROTO),
    ]
    subprocess.run([sys.executable, *command], cwd=SOURCES, check=True, timeout=60)

    name = PROTO.with_name(PROTO.stem + suffix)
    assert (SOURCES / name).read_text() == (tmp_path / name).read_text()


def test_the_runtime_is_of_the_generated_codes_major_version_and_not_older() -> None:
    """The code checks this at import, and a warning there would be an error here."""
    code = (SOURCES / PROTO.with_name("remote_write_pb2.py")).read_text()
    generated = tuple(int(part) for part in code.split("Protobuf Python Version: ")[1].split()[0].split("."))
    runtime = tuple(int(part) for part in metadata.version("protobuf").split(".")[:3])

    assert runtime[0] == generated[0]
    assert runtime >= generated
