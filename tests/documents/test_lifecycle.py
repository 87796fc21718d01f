"""Lifecycle rules and access policies of the buckets, from the settings alone."""

import json
from typing import Any

import pytest

from components.storage.access import key_policy
from components.storage.lifecycle import lifecycle
from settings.storage import StorageUser
from tests.recording import stack_settings

RETENTION, STORAGE = stack_settings("prod").retention, stack_settings("prod").storage


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("loki", {"luxima/": 90, "audit/": 90}),
        ("logs-archive", {"luxima/": 60, "audit/": 90}),
        ("backups", {"deployment/": 7, "database/": None}),
        ("tempo", {"single-tenant/": 14}),
        ("media", {"": None}),
        ("copies", {"": None}),
    ],
)
def test_objects_are_kept_as_long_as_the_retention_table_says(bucket: str, expected: dict[str, int | None]) -> None:
    rules = lifecycle(bucket, True, RETENTION)
    assert {rule.prefix: rule.expire_days for rule in rules if rule.id != "delete-markers"} == expected


def test_a_longer_retention_in_the_table_is_a_longer_lifecycle() -> None:
    longer = RETENTION.model_copy(update={"log_objects_days": 400})
    assert {rule.expire_days for rule in lifecycle("loki", False, longer)} == {400}


def test_an_unversioned_bucket_has_no_rule_for_old_versions() -> None:
    for bucket in ("loki", "logs-archive", "backups", "media"):
        assert all(rule.noncurrent_days is None for rule in lifecycle(bucket, False, RETENTION))


def test_old_versions_of_media_can_be_had_back_as_long_as_a_snapshot() -> None:
    (rule,) = lifecycle("media", True, RETENTION)
    assert rule.noncurrent_days == RETENTION.backups.object_storage_days
    (rule,) = lifecycle("copies", True, RETENTION)
    assert rule.noncurrent_days == RETENTION.backups.object_storage_days + 1


def test_what_is_written_over_in_the_archive_is_there_until_somebody_looks() -> None:
    kept = {rule.prefix: rule.noncurrent_days for rule in lifecycle("logs-archive", True, RETENTION)}
    assert kept["luxima/"] == RETENTION.backups.object_storage_days
    assert kept["audit/"] == RETENTION.backups.audit_logs_days


def _allowed(**settings: Any) -> dict[str, set[str]]:
    """What a user may do, by the resource that it may do it with."""
    found: dict[str, set[str]] = {}
    for statement in json.loads(key_policy(StorageUser(**settings), STORAGE))["Statement"]:
        for resource in statement["Resource"] if statement["Effect"] == "Allow" else ():
            found.setdefault(resource.removeprefix("arn:aws:s3:::luxima-prod-"), set()).update(statement["Action"])
    return found


def test_a_key_reaches_one_bucket_and_nothing_else() -> None:
    assert set(_allowed(bucket="media", access="read_write")) == {"media", "media/*"}
    assert not [
        each for actions in _allowed(bucket="media", access="read_write").values() for each in actions if "*" in each
    ]


def test_a_reader_cannot_write_and_who_appends_cannot_delete() -> None:
    reading = {"s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"}
    assert set().union(*_allowed(bucket="media", access="read_only").values()) == reading
    assert _allowed(bucket="media", access="read_write")["media/*"] - _allowed(bucket="media", access="append")[
        "media/*"
    ] == {"s3:DeleteObject"}


def test_a_key_of_a_folder_reaches_no_other_object() -> None:
    allowed = _allowed(bucket="backups", access="read_write", prefix="deployment/etcd/")
    assert set(allowed) == {"backups", "backups/deployment/etcd/*"}


def test_a_job_only_reads_what_it_copies() -> None:
    allowed = _allowed(bucket="logs-archive", access="append", also_reads=("loki",))
    assert allowed["loki/*"] == {"s3:GetObject"}
    assert allowed["loki"] == {"s3:GetBucketLocation", "s3:ListBucket"}
