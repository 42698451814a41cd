"""What promtool cannot play: reports out of order and from the future, and a Prometheus that is killed."""

import re
import time
from pathlib import Path
from typing import Any

import httpx

from e2e.recording_rules import PROMETHEUS, RULE_FILES
from e2e.reporting import Prometheus, wait_until
from ingest_factories import HEADERS, INSTANCE, OTHER_INSTANCE, pack, whole

_SECONDS = 60  # on a busy machine; every group is evaluated once a second here
_FIRST = "max by (instance_id) (last_over_time(instance_id:fleet_first_seen_timestamp_seconds:min[1h])) > 0"
_LAST = "max by (instance_id) (last_over_time(instance_id:fleet_last_seen_timestamp_seconds:max[1h])) > 0"
_RUNNING = "sum(audience:fleet_instances_running:count24h)"


class Counting(Prometheus):
    """With the shipped rules and alerts, at an interval that a test can wait for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for file in (*RULE_FILES, PROMETHEUS / "alerts/hosting.yaml"):
            text = re.sub(r"(?m)^    interval: \w+$", "    interval: 1s", file.read_text(encoding="utf-8"))
            (folder / f"rules-{file.name}").write_text(text, encoding="utf-8")
        with (folder / "prometheus.yml").open("a", encoding="utf-8") as config:
            config.write('rule_files: ["rules-*.yaml"]\n')
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)

    def write(self, instance_id: str, moment: int) -> None:
        body = pack(whole(instance_id, moment=moment))
        self.http.post("/api/v1/write", content=body, headers=HEADERS).raise_for_status()

    def ask(self, query: str) -> dict[str, int]:
        """instance_id, or nothing for a sum -> value."""
        answer = self.http.get("/api/v1/query", params={"query": query}).raise_for_status().json()
        return {
            series["metric"].get("instance_id", ""): int(float(series["value"][1]))
            for series in answer["data"]["result"]
        }

    def wait_for(self, query: str, expected: dict[str, int]) -> None:
        wait_until(lambda: self.ask(query) == expected, _SECONDS, lambda: f"{query}: {self.ask(query)}")

    def faults(self) -> list[Any]:
        groups = self.http.get("/api/v1/rules").raise_for_status().json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"] if rule.get("lastError")]


def test_disordered_and_early_reports_count_by_their_hour_and_a_kill_changes_nothing(tmp_path: Path) -> None:
    now = int(time.time())
    hour = now // 3600 * 3600
    with Counting(tmp_path / "prometheus") as prometheus:
        prometheus.write(INSTANCE, hour)
        prometheus.wait_for(_FIRST, {INSTANCE: hour})
        prometheus.write(INSTANCE, hour - 3600)  # a retry of the hour before comes last
        prometheus.write(OTHER_INSTANCE, now + 600)  # its clock is ten minutes fast; nobody counts it yet

        prometheus.wait_for(_FIRST, {INSTANCE: hour - 3600})
        prometheus.wait_for(_LAST, {INSTANCE: hour})
        prometheus.wait_for(_RUNNING, {"": 1})
        assert prometheus.faults() == []

        prometheus.program.kill()
        prometheus.start()
        back = time.time()

        prometheus.wait_for(f"count(timestamp(audience:fleet_instances_running:count24h) > {back})", {"": 4})
        prometheus.wait_for(_RUNNING, {"": 1})
        prometheus.wait_for(_FIRST, {INSTANCE: hour - 3600})
        assert prometheus.faults() == []
        prometheus.http.close()
