import json
from pathlib import Path

import pytest

from sandbox.engine import marks, state
from sandbox.faults import SandboxError
from sandbox.layout import EngineFolder, Layout

GOOD = json.dumps({"checkpoint": {"latest": {"resources": [{"urn": "u", "type": "a:b:C", "custom": True}]}}})


@pytest.fixture
def folder(tmp_path: Path) -> EngineFolder:
    made = EngineFolder(tmp_path, "dev")
    made.checkpoint.parent.mkdir(parents=True)
    return made


def test_no_state_is_an_empty_one(folder: EngineFolder) -> None:
    assert state.read(folder).resources == []


def test_components_and_providers_are_not_counted(folder: EngineFolder) -> None:
    kinds = [
        ("a:b:C", True),
        ("luxima:room:Thing", False),
        ("pulumi:providers:a", True),
        ("pulumi:pulumi:Stack", False),
    ]
    resources = [{"urn": kind, "type": kind, "custom": custom} for kind, custom in kinds]
    folder.checkpoint.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    assert state.read(folder).by_type() == {"a:b:C": 1}


def test_a_damaged_state_says_what_to_do(folder: EngineFolder) -> None:
    folder.checkpoint.write_text("{")
    with pytest.raises(SandboxError, match=r"dev\.json\.bak"):
        state.read(folder)


def test_half_written_attributes_and_temporary_files_are_removed(folder: EngineFolder) -> None:
    folder.checkpoint.write_text(GOOD)
    stacks = folder.checkpoint.parent
    (stacks / "dev.json.attrs").write_text("")
    (stacks / "dev.json.bak.attrs").write_text("{}")
    (stacks / "dev.json.1.tmp").write_text("half")
    assert not state.mend(folder)
    assert sorted(path.name for path in stacks.iterdir()) == ["dev.json", "dev.json.bak.attrs"]


@pytest.mark.parametrize("broken", [None, "", '{"checkpoint"'])
def test_a_lost_state_comes_from_its_backup(folder: EngineFolder, broken: str | None) -> None:
    if broken is not None:
        folder.checkpoint.write_text(broken)
    folder.checkpoint.with_suffix(".json.bak").write_text(GOOD)
    assert state.mend(folder)
    assert len(state.read(folder).driven) == 1


def test_locks_are_removed(folder: EngineFolder) -> None:
    assert not state.unlock(folder)
    folder.locks.mkdir(parents=True)
    (folder.locks / "x.json").write_text("{}")
    assert state.unlock(folder)
    assert not state.unlock(folder)


def test_a_run_that_did_not_end_leaves_its_mark(tmp_path: Path) -> None:
    layout = Layout("dev", tmp_path)
    layout.prepare()
    assert not marks.unfinished(layout)
    marks.begin(layout, "up")
    assert marks.unfinished(layout)
    marks.finish(layout)
    assert not marks.unfinished(layout)


def test_a_server_with_new_data_is_noticed(tmp_path: Path) -> None:
    layout = Layout("dev", tmp_path)
    layout.prepare()
    assert marks.lost_worlds(layout, {"minio": "a"}) == []
    marks.remember_worlds(layout, {"minio": "a", "dns": "b"})
    assert marks.lost_worlds(layout, {"minio": "a", "dns": "b"}) == []
    assert marks.lost_worlds(layout, {"minio": "c", "dns": "b"}) == ["minio"]
    assert marks.lost_worlds(layout, {"dns": "b"}) == ["minio"]
