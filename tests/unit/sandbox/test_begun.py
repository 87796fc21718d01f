"""What a killed run had begun is found in the state that it left."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.engine import state
from sandbox.engine.events import Recorder
from sandbox.engine.runs import Outcome
from sandbox.engine.state import State
from sandbox.faults import EngineError
from sandbox.layout import EngineFolder, Layout
from sandbox.verbs import begun, runs
from sandbox.verbs.session import Session
from settings import Settings
from tests.recording import stack_settings

FILE = {"nodeName": "pve1", "datastoreId": "local", "contentType": "import", "fileName": "debian.qcow2"}


def creating(token: str, **inputs: Any) -> dict[str, Any]:
    return {"type": "creating", "resource": {"urn": f"urn::{token}", "type": token, "inputs": inputs}}


@pytest.mark.parametrize(
    ("token", "inputs", "name"),
    [
        ("proxmoxve:index/vmLegacy:VmLegacy", {"nodeName": "pve1", "vmId": 101}, "pve1/101"),
        ("proxmoxve:index/containerLegacy:ContainerLegacy", {"nodeName": "pve1", "vmId": 201}, "pve1/201"),
        ("proxmoxve:index/poolLegacy:PoolLegacy", {"poolId": "tests"}, "tests"),
        ("proxmoxve:download/file:File", FILE, "local:import/debian.qcow2"),
        ("minio:index/s3Bucket:S3Bucket", {"bucket": "media"}, "media"),
        ("minio:index/ilmPolicy:IlmPolicy", {"bucket": "media"}, "media"),
        ("minio:index/iamUser:IamUser", {"name": "web", "secret": {"ciphertext": "x"}}, "web"),
    ],
)
def test_the_id_of_what_was_being_made_follows_from_its_inputs(token: str, inputs: dict[str, Any], name: str) -> None:
    assert begun.identities(State([], [creating(token, **inputs)])) == {f"urn::{token}": name}


def test_what_the_server_names_and_what_others_do_is_left_alone() -> None:
    pending = [
        creating("minio:index/iamServiceAccount:IamServiceAccount", targetUser="web"),
        creating("random:index/randomPassword:RandomPassword", length=8),
        creating("kubernetes:core/v1:Secret"),
        {**creating("minio:index/s3Bucket:S3Bucket", bucket="media"), "type": "deleting"},
    ]
    assert begun.identities(State([], pending)) == {}


def test_what_was_begun_becomes_a_resource_with_its_id_and_the_rest_stays(tmp_path: Path) -> None:
    folder = EngineFolder(tmp_path, "dev")
    folder.checkpoint.parent.mkdir(parents=True)
    bucket = creating("minio:index/s3Bucket:S3Bucket", bucket="media")
    user = creating("minio:index/iamUser:IamUser", name="web")
    key = creating("minio:index/iamServiceAccount:IamServiceAccount", targetUser="web")
    replaced = {"urn": user["resource"]["urn"], "type": "minio:index/iamUser:IamUser", "id": "old", "custom": True}
    latest = {"resources": [replaced], "pending_operations": [bucket, user, key]}
    folder.checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "dev", "latest": latest}}))
    state.complete(folder, begun.identities(state.read(folder)))
    found = state.read(folder)
    assert found.resources == [replaced, {**bucket["resource"], "id": "media"}]
    assert found.pending == [user, key]
    assert json.loads(folder.checkpoint.read_text())["version"] == 3


def test_what_is_made_in_the_place_of_one_that_was_deleted_first_takes_its_place(tmp_path: Path) -> None:
    folder = EngineFolder(tmp_path, "dev")
    folder.checkpoint.parent.mkdir(parents=True)
    vm = creating("proxmoxve:index/vmLegacy:VmLegacy", nodeName="pve1", vmId=101)
    urn, after = vm["resource"]["urn"], {"urn": "after", "type": "x", "custom": True}
    gone = {"urn": urn, "type": vm["resource"]["type"], "id": "100", "pendingReplacement": True}
    latest = {"resources": [gone, after], "pending_operations": [vm]}
    folder.checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "dev", "latest": latest}}))
    state.complete(folder, begun.identities(state.read(folder)))
    assert state.read(folder).resources == [{**vm["resource"], "id": "pve1/101"}, after]
    assert state.read(folder).pending == []


@dataclass
class Reading:
    """A session whose engine can be asked to refresh; it fails the first time."""

    layout: Layout
    engine: "Reading | None" = None
    settings: Settings = field(default_factory=lambda: stack_settings("dev"))
    lost: list[str] = field(default_factory=list[str])
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    ports: dict[str, int] = field(default_factory=dict[str, int])
    refreshed: int = 0

    def refresh(self, events: Recorder) -> Outcome:
        self.refreshed += 1
        return Outcome(events, succeeded=self.refreshed > 1, output="" if self.refreshed > 1 else "error: no answer")


def test_a_state_that_nobody_has_compared_is_read_again_until_it_was(tmp_path: Path) -> None:
    layout = Layout("dev", tmp_path)
    for folder in (layout.run, layout.engine.checkpoint.parent):
        folder.mkdir(parents=True)
    latest = {"resources": [], "pending_operations": [creating("minio:index/s3Bucket:S3Bucket", bucket="media")]}
    layout.engine.checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"stack": "dev", "latest": latest}}))
    reading = Reading(layout)
    reading.engine = reading
    with pytest.raises(EngineError, match="no answer"):
        runs.catch_up(cast("Session", reading), "up")
    assert [item["id"] for item in state.read(layout.engine).resources] == ["media"]
    assert state.read(layout.engine).pending == []
    runs.catch_up(cast("Session", reading), "up")
    runs.catch_up(cast("Session", reading), "up")
    assert reading.refreshed == 2
