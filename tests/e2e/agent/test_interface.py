"""How the agent is turned on and off by the command line."""

from pathlib import Path

import pytest

from sandbox import cli
from sandbox.agent import table
from sandbox.interrupts import Interrupts
from sandbox.layout import Layout
from tests.e2e.checkout import checkout


def test_a_wrong_image_table_is_told_before_anything_is_started() -> None:
    with checkout() as copy:
        for text, says in ((None, "cannot be read"), ('{"a": {}}', "`command` has to be a list")):
            if text is not None:
                (copy.root / "images.json").write_text(text)
            done = copy.run("up", "--agent", "images.json")
            assert done.code == 1, str(done)
            assert says in done.text
            assert copy.processes() == []
            assert not (copy.sandbox("dev") / "agent").exists()


def test_the_table_stays_until_it_is_turned_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[bool] = []

    def hold(layout: Layout, *_: object) -> int:
        seen.append(table.enabled(layout))
        return 0

    def nothing(_: Interrupts) -> None:
        pass

    def layout(stack: str) -> Layout:
        return Layout(stack, tmp_path)

    # The handlers of signals stay the test run's own.
    monkeypatch.setattr(Interrupts, "install", nothing)
    monkeypatch.setattr(cli, "_hold", hold)
    monkeypatch.setattr(cli, "Layout", layout)
    images = tmp_path / "images.json"
    images.write_text('{"a": {"command": ["x"]}}')
    for arguments in ([], ["--agent", str(images)], [], ["--agent", "off"], []):
        assert cli.main(["up", *arguments]) == 0
    assert seen == [False, True, True, False, False]
