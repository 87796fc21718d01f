"""Lifecycle rules and access policies of the buckets, from the settings alone."""

import json

import pytest

from components.storage.access import bucket_policy
from components.storage.lifecycle import lifecycle
from tests.recording import stack_settings

RETENTION = stack_settings("prod").retention


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("loki", {"luxima/": 90, "audit/": 90}),
        ("logs-archive", {"luxima/": 60, "audit/": 90}),
        ("backups", {"database/": 30, "object-storage/": 14, "deployment/": 7}),
        ("tempo", {"single-tenant/": 14}),
        ("media", {"": None}),
    ],
)
def test_objects_are_kept_as_long_as_the_retention_table_says(bucket: str, expected: dict[str, int | None]) -> None:
    assert {rule.prefix: rule.expire_days for rule in lifecycle(bucket, True, RETENTION)} == expected


def test_a_longer_retention_in_the_table_is_a_longer_lifecycle() -> None:
    longer = RETENTION.model_copy(update={"log_objects_days": 400})
    assert {rule.expire_days for rule in lifecycle("loki", False, longer)} == {400}


def test_an_unversioned_bucket_has_no_rule_for_old_versions() -> None:
    for bucket in ("loki", "logs-archive", "backups", "media"):
        assert all(rule.noncurrent_days is None for rule in lifecycle(bucket, False, RETENTION))


def test_old_versions_of_media_can_be_had_back_as_long_as_a_snapshot() -> None:
    (rule,) = lifecycle("media", True, RETENTION)
    assert rule.noncurrent_days == RETENTION.backups.object_storage_days


def test_a_key_reaches_one_bucket_and_nothing_else() -> None:
    document = json.loads(bucket_policy("luxima-prod-media", "read_write"))
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        assert "*" not in "".join(statement["Action"])
        assert all(each.startswith("arn:aws:s3:::luxima-prod-media") for each in statement["Resource"])


def test_a_reader_cannot_write() -> None:
    actions = {each for s in json.loads(bucket_policy("b", "read_only"))["Statement"] for each in s["Action"]}
    assert actions == {"s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"}


def test_a_key_of_a_folder_reaches_no_other_object() -> None:
    document = json.loads(bucket_policy("b", "read_write", "deployment/etcd/"))
    objects = [each["Resource"] for each in document["Statement"] if "s3:PutObject" in each["Action"]]
    assert objects == [["arn:aws:s3:::b/deployment/etcd/*"]]
