"""schemathesis reads the API's own description and tries what it allows and what it forbids."""

import subprocess
import sys
from pathlib import Path

from e2e.processes import environment
from e2e.releases_api import ReleasesApi

# What a schema cannot say: a day that lies in the future, a bundle of what was never published.
_BEYOND_SCHEMAS = "positive_data_acceptance"
# Snappy in protobuf is not generated from schemas; test_gateway_wire_format.py does that.
_BEYOND_SCHEMATHESIS = "/api/v1/write"


def test_every_answer_to_generated_requests_is_as_described(tmp_path: Path) -> None:
    with ReleasesApi(tmp_path) as api:
        made = api.run("token", "create", "--scope", "publish", "--scope", "audience", "schemathesis")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{api.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {made.stdout.strip()}"),
                *("--exclude-checks", _BEYOND_SCHEMAS),
                *("--exclude-path", _BEYOND_SCHEMATHESIS),
                *("--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1"),
            ],
            cwd=tmp_path,
            env=environment(tmp_path, {}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in api.program.log_tail(1000)
