"""The status of a pod, the image table, and kwok's stages."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.agent import stages, status, table
from sandbox.agent.status import ContainerState
from sandbox.faults import SandboxError
from sandbox.layout import Layout

POD: dict[str, Any] = {"metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"}, "spec": {}}
EARLIER = "2026-01-01T00:00:01Z"


def ready_of(document: dict[str, Any]) -> dict[str, Any]:
    return next(item for item in document["conditions"] if item["type"] == "Ready")


def test_a_pod_is_ready_when_all_its_containers_are() -> None:
    one = ContainerState("a", "i", started=True, ready=True, running_since=EARLIER, waiting=None)
    two = ContainerState("b", "i", started=True, ready=False, running_since=EARLIER, waiting=None)
    found = status.document(POD, [one, two], "10.42.1.1", [])
    assert (found["phase"], ready_of(found)["status"], ready_of(found)["reason"]) == (
        "Running",
        "False",
        "ContainersNotReady",
    )
    two.ready = True
    found = status.document(POD, [one, two], "10.42.1.1", found["conditions"])
    assert ready_of(found)["status"] == "True"
    assert [item["ready"] for item in found["containerStatuses"]] == [True, True]
    assert (found["podIP"], found["podIPs"]) == ("10.42.1.1", [{"ip": "10.42.1.1"}])


def test_a_condition_keeps_its_time_until_it_changes_and_others_are_kept() -> None:
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": EARLIER}
    before = {"type": "Ready", "status": "False", "lastTransitionTime": EARLIER}
    same = status.conditions([{"type": "Ready", "status": "False"}], [scheduled, before])
    assert same == [scheduled, before]
    (_, other) = status.conditions([{"type": "Ready", "status": "True"}], [scheduled, before])
    assert other["lastTransitionTime"] > EARLIER


def test_phases() -> None:
    state = ContainerState("a", "i")
    assert status.document(POD, [state], "", [])["phase"] == "Pending"
    state.exit, state.waiting = (137, "Error", EARLIER), ("CrashLoopBackOff", "")
    found = status.document(POD, [state], "", [])
    assert found["phase"] == "Running"
    assert found["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 137
    state.over = True
    found = status.document(POD, [state], "", [])
    assert found["phase"] == "Failed"
    assert found["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    state.exit = (0, "Completed", EARLIER)
    assert status.document(POD, [state], "", [])["phase"] == "Succeeded"


ENTRIES = {
    "r.example/api@sha256:aa": ["exact"],
    "sha256:bb": ["digest"],
    "r.example/api": ["repository"],
    "traefik:v3": ["tag"],
}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("r.example/api@sha256:aa", "exact"),
        ("other.example:5000/web@sha256:bb", "digest"),
        ("r.example/api:1@sha256:cc", "repository"),
        ("r.example/api", "repository"),
        ("traefik:v3@sha256:dd", "tag"),
        ("r.example/apis", None),
        ("traefik:v4", None),
    ],
)
def test_the_most_exact_entry_stands_for_an_image(image: str, expected: str | None) -> None:
    found = table.parse(json.dumps({key: {"command": command} for key, command in ENTRIES.items()}), "t").find(image)
    assert (found.command[0] if found else None) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "one entry an image"),
        ('{"a": []}', "a has to be an object"),
        ('{"a": {"command": []}}', "a: `command` has to be a list"),
        ('{"a": {"command": ["x"], "comand": 1}}', "unknown key 'comand'"),
        ('{"a": {"command": ["x"], "rewrites": ["yyy"]}}', "`rewrites` a list of pairs"),
    ],
)
def test_a_wrong_table_is_refused(text: str, says: str) -> None:
    with pytest.raises(SandboxError, match=says):
        table.parse(text, "t")


def test_the_agent_is_on_from_enable_to_disable(tmp_path: Path) -> None:
    layout, file = Layout("dev", tmp_path), tmp_path / "images.json"
    assert not table.enabled(layout)
    with pytest.raises(SandboxError, match="cannot be read"):
        table.enable(layout, file)
    assert not table.enabled(layout)
    file.write_text('{"a": {"command": ["x"]}}')
    table.enable(layout, file)
    assert table.enabled(layout)
    assert table.load(table.table_file(layout)).find("a") is not None
    table.disable(layout)
    assert not table.enabled(layout)


def test_the_stages_are_changed_for_pods_only_and_back_again() -> None:
    node: dict[str, Any] = {
        "kind": "Stage",
        "spec": {"resourceRef": {"kind": "Node"}, "selector": {"matchExpressions": []}},
    }
    documents: list[dict[str, Any]] = [{"kind": "KwokctlConfiguration"}, node, *stages.documents()]
    on = "# a comment\n" + yaml.safe_dump_all(documents)
    assert stages.adjusted(on, agent=True) == on
    off = stages.adjusted(on, agent=False)
    assert stages.SLOT_LABEL not in off
    assert off.startswith("# a comment\n")
    assert stages.adjusted(off, agent=False) == off
    assert list(yaml.safe_load_all(stages.adjusted(off, agent=True))) == documents
