"""Thanos has no API to delete: its tool rewrites blocks, as `prometheus/thanos/README.md` says."""

import shutil
import subprocess
from pathlib import Path

from e2e.blocks import BARE_WORD, WITH_SERIES, blocks, make_block, mentions
from e2e.processes import tool
from e2e.thanos import SHIPPED, Thanos
from ingest_factories import INSTANCE, OTHER_INSTANCE

_COUNT = 'count by (instance_id) (last_over_time({instance_id!=""}[10y]))'
_FLAGS = (
    "--prom-blocks",
    "--no-dry-run",
    "--objstore.config-file=",
    "--rewrite.to-delete-config-file=",
    "--id=",
)


def test_a_stopped_receives_blocks_are_rewritten_without_the_id(tmp_path: Path) -> None:
    thanos = Thanos(tmp_path / "thanos")
    receive, data = thanos.receives[0], tmp_path / "thanos" / "receive-0" / "data" / "default-tenant"
    data.mkdir(parents=True)
    make_block(tmp_path, data, (INSTANCE, OTHER_INSTANCE))
    with thanos:
        before = held(thanos)
        receive.program.stop(30)
        old = blocks(data)
        listed = rewrite(tmp_path, data, "--prom-blocks")
        untouched = blocks(data)
        rewrite(tmp_path, data, "--prom-blocks", "--no-dry-run")
        for block in old:
            shutil.rmtree(data / block)
        receive.start()
        thanos.wait_until_it_serves()

        assert before == {INSTANCE, OTHER_INSTANCE}
        assert (INSTANCE in listed, OTHER_INSTANCE in listed, untouched) == (True, False, old)
        assert held(thanos) == {OTHER_INSTANCE}
        assert mentions(data, INSTANCE, OTHER_INSTANCE) == (BARE_WORD, WITH_SERIES)


def test_the_page_on_thanos_names_the_flags() -> None:
    page = (SHIPPED / "README.md").read_text()

    assert [flag for flag in ("thanos tools bucket rewrite", *_FLAGS) if flag not in page] == []


def held(thanos: Thanos) -> set[str]:
    return {dict(labels)["instance_id"] for labels in thanos.query(_COUNT)}


def rewrite(folder: Path, data: Path, *how: str) -> str:
    """All blocks; what is to become of them."""
    bucket, wanted = folder / "bucket.yaml", folder / "delete.yaml"
    bucket.write_text(f"type: FILESYSTEM\nconfig: {{directory: {data}}}\n")
    wanted.write_text(f"- matchers: '{{instance_id=\"{INSTANCE}\"}}'\n")
    argv: list[str | Path] = [
        tool("thanos"), "tools", "bucket", "rewrite", *how, f"--tmp.dir={folder / 'rewritten'}",
        f"--objstore.config-file={bucket}", f"--rewrite.to-delete-config-file={wanted}",
        *(f"--id={block}" for block in blocks(data)),
    ]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    return "".join(file.read_text() for file in (folder / "rewritten").glob("*/change.log"))
