"""What a killed run had begun is found in the state that it left."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import state
from sandbox.engine.command import EngineCommand
from sandbox.engine.state import State
from sandbox.layout import EngineFolder
from sandbox.verbs import begun

FILE = {"nodeName": "pve1", "datastoreId": "local", "contentType": "import", "fileName": "debian.qcow2"}


def creating(token: str, **inputs: Any) -> dict[str, Any]:
    return {"type": "creating", "resource": {"urn": f"urn::{token}", "type": token, "inputs": inputs}}


@pytest.mark.parametrize(
    ("token", "inputs", "name"),
    [
        ("proxmoxve:index/vmLegacy:VmLegacy", {"vmId": 101, "name": "web"}, "101"),
        ("proxmoxve:index/containerLegacy:ContainerLegacy", {"vmId": 201}, "201"),
        ("proxmoxve:index/poolLegacy:PoolLegacy", {"poolId": "tests"}, "tests"),
        ("proxmoxve:download/file:File", FILE, "local:import/debian.qcow2"),
        ("minio:index/s3Bucket:S3Bucket", {"bucket": "media"}, "media"),
        ("minio:index/ilmPolicy:IlmPolicy", {"bucket": "media"}, "media"),
        ("minio:index/iamUser:IamUser", {"name": "web", "secret": {"ciphertext": "x"}}, "web"),
    ],
)
def test_the_id_of_what_was_being_made_follows_from_its_inputs(token: str, inputs: dict[str, Any], name: str) -> None:
    assert begun.identities(State([], [creating(token, **inputs)])) == [(f"urn::{token}", name)]


def test_what_the_server_names_and_what_others_do_is_left_alone() -> None:
    pending = [
        creating("minio:index/iamServiceAccount:IamServiceAccount", targetUser="web"),
        creating("random:index/randomPassword:RandomPassword", length=8),
        creating("kubernetes:core/v1:Secret"),
        {**creating("minio:index/s3Bucket:S3Bucket", bucket="media"), "type": "deleting"},
    ]
    assert begun.identities(State([], pending)) == []


def test_only_a_refresh_is_told_what_was_begun(tmp_path: Path) -> None:
    folder = EngineFolder(tmp_path, "dev")
    program = tmp_path / "pulumi"
    program.write_text('#!/bin/sh\n[ "$1" = version ] && echo v3.1.0 || echo "$@"\n')
    program.chmod(0o755)
    command = EngineCommand(program, folder, {"PATH": "/usr/bin:/bin", "LUXIMA_SANDBOX_DIR": str(folder.base)})
    command.more = ["--import-pending-creates=urn"]
    said = {verb: command.run([verb], str(tmp_path), {}).stdout.strip() for verb in ("refresh", "up")}
    assert said["refresh"] == "--non-interactive refresh --import-pending-creates=urn"
    assert said["up"] == "--non-interactive up"


def test_pending_operations_are_read_from_the_state(tmp_path: Path) -> None:
    folder = EngineFolder(tmp_path, "dev")
    folder.checkpoint.parent.mkdir(parents=True)
    pending = [creating("minio:index/s3Bucket:S3Bucket", bucket="media")]
    folder.checkpoint.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": pending}}}))
    assert begun.identities(state.read(folder)) == [("urn::minio:index/s3Bucket:S3Bucket", "media")]
