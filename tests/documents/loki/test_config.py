"""loki.yaml and overrides.yaml: accepted by the real Loki, and as the requirements say."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.observability import loki
from components.observability.log_agent.stages import LABELS
from components.observability.loki.tenants import AUDIT_TENANT, CLASSES, LOG_TENANT
from components.storage.lifecycle import lifecycle
from policy.rules.loki import hours_of
from settings.capacity import max_streams
from tests.documents.loki.server import write
from tests.recording import STACKS, stack_settings
from tools import ensure


def _config(stack: str) -> dict[str, Any]:
    return yaml.load(loki.documents(stack_settings(stack))["loki.yaml"], yaml.CSafeLoader)


def _seconds(text: str) -> int:
    hours = hours_of(text)
    assert hours is not None
    return round(hours * 3600)


@pytest.mark.needs_tools
@pytest.mark.parametrize("stack", STACKS)
def test_loki_accepts_it(stack: str, tmp_path: Path) -> None:
    write(loki.documents(stack_settings(stack)), tmp_path)
    ran = subprocess.run(
        [ensure("loki")["loki"], "-verify-config", f"-config.file={tmp_path / 'loki.yaml'}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "config is valid" in ran.stderr + ran.stdout


@pytest.mark.needs_tools
def test_loki_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    text = loki.documents(stack_settings("dev"))["loki.yaml"].replace("max_chunk_age", "max_chunk_agee")
    (tmp_path / "loki.yaml").write_text(text)
    command = [ensure("loki")["loki"], "-verify-config", f"-config.file={tmp_path / 'loki.yaml'}"]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0


def test_a_read_outlives_a_short_restart_of_the_storage_and_a_first_start_does_not_wait_long() -> None:
    """Loki repeats a read of what is not there, too: the first of all is of what was never written."""
    told = _config("dev")["common"]["storage"]["s3"]["backoff_config"]
    least, most = 0.0, 0.0
    low, longest = (float(re.sub("m?s", "", told[key])) for key in ("min_period", "max_period"))
    low /= 1000
    for _ in range(told["max_retries"]):
        # As Loki does: somewhere between the last and the next, which is twice as long until it is the longest.
        high = min(2 * low, longest)
        least, most = least + low, most + high
        low = low if high == longest else high
    assert 5 < least < most < 20


@pytest.mark.parametrize("stack", STACKS)
def test_every_class_is_kept_as_long_as_the_table_says(stack: str) -> None:
    table = stack_settings(stack).retention.logs
    limits = _config(stack)["limits_config"]
    kept = {entry["selector"]: _seconds(entry["period"]) // 86_400 for entry in limits["retention_stream"]}
    assert kept == {f'{{class="{name}"}}': getattr(table, f"{name}_days") for name in CLASSES}
    assert _seconds(limits["retention_period"]) // 86_400 == table.default_days


def test_every_row_of_the_table_has_a_class_or_a_tenant() -> None:
    rows = {name.removesuffix("_days") for name in type(stack_settings("dev").retention.logs).model_fields}
    assert rows == {*CLASSES, "default", AUDIT_TENANT}


@pytest.mark.parametrize("stack", STACKS)
def test_the_audit_tenant_is_kept_longer_whatever_the_class_of_a_line(stack: str) -> None:
    settings = stack_settings(stack)
    audit = yaml.load(loki.documents(settings)["overrides.yaml"], yaml.CSafeLoader)["overrides"][AUDIT_TENANT]
    days = settings.retention.logs.audit_days
    assert _seconds(audit["retention_period"]) // 86_400 == days
    # Without a list of its own it would have that of limits_config: 14 days for a line of class access.
    assert [_seconds(entry["period"]) // 86_400 for entry in audit["retention_stream"]] == [days]


@pytest.mark.parametrize("stack", STACKS)
def test_the_bucket_keeps_each_tenant_s_objects_at_least_as_long_as_loki(stack: str) -> None:
    settings = stack_settings(stack)
    prefixes = {rule.prefix: rule.expire_days or 0 for rule in lifecycle("loki", False, settings.retention)}
    assert set(prefixes) == {f"{LOG_TENANT}/", f"{AUDIT_TENANT}/"}
    assert min(prefixes.values()) >= settings.retention.longest_log_days
    assert _config(stack)["common"]["storage"]["s3"]["bucketnames"] == settings.storage.bucket_name("loki")


@pytest.mark.parametrize("minutes", [1, 15, 60, 1440])
def test_lines_are_in_the_object_storage_in_time(minutes: int) -> None:
    settings = stack_settings("dev")
    backup = settings.backup.model_copy(update={"log_flush_max_minutes": minutes})
    document = yaml.load(loki.documents(settings.model_copy(update={"backup": backup}))["loki.yaml"], yaml.CSafeLoader)
    oldest = _seconds(document["ingester"]["max_chunk_age"])
    assert _seconds(document["ingester"]["chunk_idle_period"]) <= oldest
    # A sixth is left for the check, the upload and the index.
    assert 0 < oldest <= minutes * 50


@pytest.mark.parametrize("stack", STACKS)
def test_there_is_no_secret_and_no_expansion_in_any_document(stack: str) -> None:
    for name, text in loki.documents(stack_settings(stack)).items():
        assert "${" not in text, name
        assert not re.search(r"access_key_id|secret_access_key|password:", text), name


@pytest.mark.parametrize("stack", STACKS)
def test_the_streams_are_bounded_by_what_was_computed(stack: str) -> None:
    limits = _config(stack)["limits_config"]
    assert limits["max_global_streams_per_user"] == max_streams(stack_settings(stack))
    # Labels that the agents may set, and two that a person may need in a hurry.
    assert len(LABELS) <= limits["max_label_names_per_series"] <= len(LABELS) + 2


@pytest.mark.parametrize("stack", STACKS)
def test_alerts_go_to_every_alertmanager(stack: str) -> None:
    settings = stack_settings(stack)
    urls = _config(stack)["ruler"]["alertmanager_url"].split(",")
    assert len(urls) == settings.observability.alertmanager.replicas + 1
    assert sum("alertmanager-record" in url for url in urls) == 1
    assert all(url.endswith(":9093") for url in urls)


def test_production_outlives_a_pod() -> None:
    document = _config("prod")
    assert document["common"]["replication_factor"] == 3
    assert document["common"]["ring"]["kvstore"] == {"store": "memberlist"}
    assert document["ingester"]["wal"]["enabled"] is True
    assert document["ruler"]["enable_sharding"] is True
    assert stack_settings("prod").observability.loki.replicas >= 3


def test_a_single_pod_waits_for_no_other() -> None:
    document = _config("dev")
    assert document["common"]["replication_factor"] == 1
    assert document["common"]["ring"]["kvstore"] == {"store": "inmemory"}
    assert "memberlist" not in document
