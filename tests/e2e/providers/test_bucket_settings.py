"""What is set on many buckets, by the platform's component on the real engine, against a real MinIO.

Each setting is read back from the server: MinIO loses settings of one bucket that are made at the same time, and says
nothing (docs/adr/0014-settings-of-a-bucket-in-turn.md has how many).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_minio
import pytest
from pulumi import automation

from components.storage.bucket import Bucket, BucketArgs
from components.storage.lifecycle import LifecycleRule
from sandbox import plugins
from sandbox.engine import environment
from sandbox.layout import EngineFolder
from settings.storage import Bucket as BucketSettings
from tests.e2e.providers.minio_server import KMS_KEY, Running, running
from tests.engine import engine_in
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

BUCKETS = [f"trial-{number:03}" for number in range(100)]


@dataclass(frozen=True)
class Trial:
    """A stack of nothing but buckets."""

    server: Running
    stack: Callable[[Callable[[], None]], automation.Stack]

    def program(self, quota_gib: int, noncurrent_days: int) -> Callable[[], None]:
        """Declare every bucket."""

        def declare() -> None:
            provider = pulumi_minio.Provider(
                "minio",
                minio_server=self.server.server,
                minio_region="us-east-1",
                minio_user=self.server.user,
                minio_password=pulumi.Output.secret(self.server.password),
                minio_ssl=True,
            )
            for bucket in BUCKETS:
                args = BucketArgs(
                    bucket=bucket,
                    settings=BucketSettings(purpose="a trial", owner="devops", versioning=True, quota_gib=quota_gib),
                    kms_key=KMS_KEY,
                    lifecycle=[LifecycleRule("old-versions", "", None, noncurrent_days)],
                )
                Bucket(bucket, args, pulumi.ResourceOptions(providers={"minio": provider}))

        return declare

    def up(self, quota_gib: int, noncurrent_days: int) -> list[tuple[str, str]]:
        """Make the buckets so; gives what was begun and ended, in order."""
        seen: list[tuple[str, str]] = []

        def watch(event: automation.EngineEvent) -> None:
            for moment, told in (("begun", event.resource_pre_event), ("ended", event.res_outputs_event)):
                if told is not None:
                    seen.append((moment, told.metadata.urn.rpartition("::")[2]))

        self.stack(self.program(quota_gib, noncurrent_days)).up(parallel=64, on_event=watch, color="never")
        return seen

    def wrong(self, quota_gib: int, noncurrent_days: int) -> list[str]:
        """What the server does not have as it was asked for."""
        s3, admin = self.server.client(), self.server.admin()
        found: list[str] = []
        for bucket in BUCKETS:
            encryption, lifecycle = s3.get_bucket_encryption(bucket), s3.get_bucket_lifecycle(bucket)
            old = lifecycle.rules[0].noncurrent_version_expiration if lifecycle else None
            has = {
                "quota": json.loads(admin.bucket_quota_get(bucket))["quota"] == quota_gib * 1024**3,
                "versioning": s3.get_bucket_versioning(bucket).status == "Enabled",
                "encryption": bool(encryption and encryption.rule.sse_algorithm == "aws:kms"),
                "lifecycle": bool(old and old.noncurrent_days == noncurrent_days),
            }
            found += [f"{setting} of {bucket}" for setting, is_there in has.items() if not is_there]
        return found


@pytest.fixture
def trial(tmp_path: Path) -> Generator[Trial]:
    with running(ensure("minio")["minio"], tmp_path) as server:
        folder = EngineFolder(tmp_path / "engine", "trial")
        # Nothing of this stack has to survive a kill: its state is written once, at the end.
        at_the_end = environment.STATE_AT_END
        yield Trial(server, engine_in(folder, plugins.choose(os.defpath), bundle=server.bundle, more=at_the_end))


@pytest.mark.long
def test_nothing_that_is_set_on_a_hundred_buckets_is_lost(trial: Trial) -> None:
    trial.up(quota_gib=1, noncurrent_days=14)
    assert trial.wrong(quota_gib=1, noncurrent_days=14) == []
    # Two settings of each bucket change in one run: in turn as well.
    seen = trial.up(quota_gib=2, noncurrent_days=7)
    assert trial.wrong(quota_gib=2, noncurrent_days=7) == []
    for bucket in BUCKETS:
        assert seen.index(("ended", f"{bucket}-bucket")) < seen.index(("begun", f"{bucket}-lifecycle")), bucket
    trial.stack(trial.program(2, 7)).destroy(color="never")
