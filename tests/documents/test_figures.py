"""Figures of backups, read by the real node exporter as the platform starts it: one kind forges none of another's."""

import re
from pathlib import Path

import pytest
import requests

from backup.outcome import Outcome
from backup.telling import Telling
from tests.programs import end, free_port, start
from tests.recording import record_platform, stack_settings
from tests.waiting import wait_for
from tools import ensure

pytestmark = pytest.mark.needs_tools


def test_what_a_job_tells_of_another_is_noticed(tmp_path: Path) -> None:
    declared = {each.inputs.get("name"): each.inputs for each in record_platform(stack_settings("dev")).resources}
    port, exporter = free_port(), declared["node-exporter"]
    url = f"http://127.0.0.1:{port}/metrics"
    arguments = [each for each in exporter["command"] if each.startswith("--collector.textfile")]
    given = {
        mount["target"]: owner
        for owner in ("backup-database", "backup-logs")
        for mount in exporter["mounts"]
        if mount["source"] in {each["source"] for each in declared[owner]["mounts"] if not each.get("readOnly")}
    }
    assert sorted(given.values()) == ["backup-database", "backup-logs"]
    for folder, owner in given.items():
        (tmp_path / owner).mkdir()
        kind = owner.removeprefix("backup-")
        telling = Telling(kind, tmp_path / f"{kind}.json", tmp_path / owner)
        telling.tell(telling.told.succeeded(Outcome(1, 2, verified=True), 0, 100))
        arguments = [each.replace(folder, str(tmp_path / owner)) for each in arguments]
    asked = [f"--web.listen-address=127.0.0.1:{port}", "--collector.disable-defaults", "--collector.textfile"]
    process = start([str(ensure("node_exporter")["node_exporter"]), *asked, *arguments], tmp_path / "log")

    def scraped(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", requests.get(url, timeout=10).text, re.M)
        return float(found[1]) if found else -1

    refused = 'promhttp_metric_handler_errors_total{cause="gathering"}'
    try:
        for kind in ("database", "logs"):
            own = f'backup_last_success_timestamp_seconds{{backup="{kind}"}}'
            wait_for(lambda name=own: scraped(name) == 100, f"what {kind} tells")
        assert scraped(refused) == 0
        telling = Telling("database", tmp_path / "forged.json", tmp_path / "backup-logs")
        telling.tell(telling.told.succeeded(Outcome(1, 2, verified=True), 0, 999))
        wait_for(lambda: scraped(refused) > 0, "that a series is there twice")
    finally:
        end(process)
