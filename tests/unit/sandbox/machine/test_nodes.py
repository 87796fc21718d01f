"""Real nodes or simulated ones: what is asked for, what can be had, and what the stack was made with."""

import os
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox import disk, nodes, process
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.machine import support

_REFUSED = "only root may make one"


def _nothing(_trial: Path) -> None:
    return None


def _usage(mebibytes: int, _folder: Path) -> SimpleNamespace:
    return SimpleNamespace(free=mebibytes * 2**20)


def _refused(_trial: Path) -> str:
    return _REFUSED


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return _layout("dev", tmp_path)


def _decided(layout: Layout, *, made: bool) -> bool:
    """As a run does it: decided, then noted."""
    real = nodes.decide(layout, made=made)
    nodes.remember(layout, real=real)
    return real


def _layout(stack: str, root: Path) -> Layout:
    made = Layout(stack, root)
    made.prepare()
    return made


@pytest.fixture(autouse=True)
def nothing_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(nodes.VARIABLE, raising=False)
    monkeypatch.setattr(support, "missing", _nothing)
    monkeypatch.setattr(shutil, "disk_usage", partial(_usage, 4096))


@pytest.fixture
def ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "missing", _refused)


@pytest.mark.parametrize(("stack", "real"), [("dev", True), ("staging", False), ("prod", False)])
def test_dev_has_a_real_node_by_itself(tmp_path: Path, stack: str, *, real: bool) -> None:
    assert _decided(_layout(stack, tmp_path), made=False) == real


@pytest.mark.parametrize(("asked", "real"), [("real", True), ("simulated", False), ("auto", True), ("", True)])
def test_one_may_ask(layout: Layout, monkeypatch: pytest.MonkeyPatch, asked: str, *, real: bool) -> None:
    monkeypatch.setenv(nodes.VARIABLE, asked)
    assert _decided(layout, made=False) == real


def test_staging_on_a_real_node_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(nodes.VARIABLE, "real")
    assert _decided(_layout("staging", tmp_path), made=False)


def test_nonsense_is_refused(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(nodes.VARIABLE, "nonsense")
    with pytest.raises(SandboxError, match="NODE is 'nonsense'; it is real or simulated, or left out"):
        _decided(layout, made=False)
    assert nodes.remembered(layout) is None


@pytest.mark.usefixtures("ordinary_user")
def test_where_none_can_be_had_one_line_says_why(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    assert not _decided(layout, made=False)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.strip() == f"nodes are simulated, and no pod really runs: for a real one, {_REFUSED}"


@pytest.mark.usefixtures("ordinary_user")
def test_what_is_asked_for_and_cannot_be_had_is_an_error(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(nodes.VARIABLE, "real")
    with pytest.raises(SandboxError, match=f"is not possible here: {_REFUSED}; NODE=simulated does without"):
        _decided(layout, made=False)
    assert nodes.remembered(layout) is None


@pytest.mark.parametrize(("made", "asked"), [("real", "simulated"), ("simulated", "real")])
def test_a_stack_stays_what_it_was_made_as(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, made: str, asked: str
) -> None:
    monkeypatch.setenv(nodes.VARIABLE, made)
    assert _decided(layout, made=False) == (made == "real")
    monkeypatch.setenv(nodes.VARIABLE, asked)
    with pytest.raises(SandboxError, match=f"made with {made} nodes, and NODE={asked} .* clean STACK=dev") as error:
        _decided(layout, made=True)
    assert "\n" not in str(error.value)
    assert nodes.remembered(layout) == made
    monkeypatch.delenv(nodes.VARIABLE)
    assert _decided(layout, made=True) == (made == "real")


def test_an_empty_stack_may_change(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("simulated", "real", "simulated"):
        monkeypatch.setenv(nodes.VARIABLE, kind)
        assert _decided(layout, made=False) == (kind == "real")


def test_a_stack_on_a_real_node_does_not_turn_into_a_simulated_one(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _decided(layout, made=False)
    monkeypatch.setattr(support, "missing", _refused)
    with pytest.raises(
        SandboxError, match=r"possible here: .* one; fix that .* make clean STACK=dev, then NODE=simulated make up"
    ):
        _decided(layout, made=True)
    assert nodes.remembered(layout) == "real"


def test_a_node_that_would_fill_the_disk_is_not_made(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", partial(_usage, 4095))
    with pytest.raises(SandboxError, match=f"has 4095 MiB free and the sandbox needs {disk.NODE_MIB} MiB; free some"):
        _decided(layout, made=False)
    assert nodes.remembered(layout) is None
    # One that has its images already needs less.
    (layout.data / "node").mkdir()
    assert _decided(layout, made=False)


def test_a_stack_that_was_made_before_there_were_real_nodes_is_simulated(layout: Layout) -> None:
    assert not _decided(layout, made=True)


def test_a_node_that_runs_is_not_refused_for_what_it_takes_itself(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _decided(layout, made=False)
    monkeypatch.setattr(support, "missing", _refused)
    record = process.record_of("node", os.getpid(), layout.logs / "node.log")
    assert record is not None
    process.save(layout.run, record)
    assert _decided(layout, made=True)
