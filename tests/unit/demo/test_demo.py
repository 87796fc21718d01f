"""What the demo makes of what it hears, what it measures, and how it ends. No server is used."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from demo import cli, stage
from demo.model import Verdict, figures
from demo.screen import sparkline
from demo.stage import STACK, Stage, StepError
from demo.story import Story
from demo.told import Told
from release.guard import Verdict as Judged
from sandbox.copying import copy
from sandbox.layout import ROOT
from sandbox.machine import support
from settings.loading import check
from tests.documents.demo.made import BAD, GOOD, LAST, TURNED, VERDICT, replies, run
from tests.unit.release.guard.given import IMAGE, SINCE, Trial

BROKEN = Judged("failing", "12.0 % of 1000 requests failed (counted by the pods)")
WELL = Judged("healthy", "0.1 % of 1000 requests failed (counted by the pods)")


def told(verdicts: Callable[[float], Judged], folder: Path) -> Told:
    """What a real guard says that reaches no database."""
    found = Told(lambda moment: (moment - SINCE).total_seconds(), lambda _: None)
    trial = Trial(folder, "http://127.0.0.1:1", verdicts)
    trial.watch().run()
    for line in trial.lines:
        found.take(line, "in the cluster", datetime.fromisoformat(line.partition(" ")[0]))
    return found


def test_a_guards_own_words_are_understood(tmp_path: Path) -> None:
    trusted = told(lambda _: WELL, tmp_path / "well")
    assert figures(replies(), BAD, trusted.verdicts, (), 0).trusted
    taken = told(lambda now: WELL if now < 10 else BROKEN, tmp_path / "broken")
    found = figures(replies(), BAD, taken.verdicts, (), 0)
    assert (found.taken_back, found.trusted, found.right) == (True, False, False)
    assert [verdict.at for verdict in taken.verdicts if verdict.failing] == [10]
    (record,) = taken.records
    assert (record.at, record.result, record.slot, record.image) == (10, "rolled_back", "green", IMAGE)
    assert not [verdict for verdict in taken.verdicts if "audit rows" in verdict.text or "kept" in verdict.text]


def test_a_log_that_grows_is_taken_once_and_rows_of_the_audit_once_each(tmp_path: Path) -> None:
    heard: list[Verdict] = []
    found = Told(lambda _: 1, heard.append)
    lines = ["2026-01-31T12:00:00.123456789Z 2026-01-31T12:00:00Z api green: healthy: all is well"]
    lines.append("2026-01-31T12:00:01.5Z what no guard says")
    found.read("pod", lines[:1])
    found.read("pod", lines)
    assert [verdict.text for verdict in heard] == ["healthy: all is well"]
    row = {"id": "1", "who": "a", "what": "switch", "slot": "blue", "image": None, "result": "started"}
    for name in ("1.row", "2.row"):
        (tmp_path / name).write_text(json.dumps({**row, "when": "2026-01-31T12:00:00Z"}), encoding="utf-8")
    found.take_rows(tmp_path)
    assert [record.what for record in found.records] == ["switch"]


def test_figures_tell_the_good_version_from_the_bad_one() -> None:
    found = run().figures
    assert (found.lost, found.failed_by_bad, found.right) == (0, 20, True)
    assert found.to_verdict == VERDICT - TURNED
    assert found.to_last_bad == pytest.approx(LAST - VERDICT, abs=0.2)
    assert found.p95 < 100 < max(second.p95 or 0 for second in run().seconds)


@pytest.mark.parametrize(
    "lost", [{"status": 502, "image": ""}, {"status": 0, "image": ""}, {"status": 500, "image": GOOD}]
)
def test_one_request_that_a_good_version_loses_is_too_many(lost: dict[str, object]) -> None:
    asked = replies()
    asked[3] = replace(asked[3], **lost)  # pyright: ignore[reportArgumentType] - by the case
    found = figures(asked, BAD, run().verdicts, (), 0)
    assert (found.lost, found.right) == (1, False)


def test_bars_show_what_is_not_zero() -> None:
    assert sparkline([0, 1, 100, 50]) == " ▁█▄"


def test_the_settings_of_the_demo_are_right_and_those_of_the_guard_are_in_them(tmp_path: Path) -> None:
    made = Stage(tmp_path)
    copy(ROOT, made.checkout, tmp_path / "bytecode")
    made.adapt()
    settings = check(STACK, made.checkout)
    assert settings.guard_limits.window_seconds == stage.CHANGED["luxima:guard"]["window_minutes"] * 60
    assert settings.services["storefront"].strategy == "blue_green"


def test_without_a_real_node_it_says_so_and_touches_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def missing(trial: Path) -> str:
        return f"only root may make one{'?' if trial.exists() else ''}"

    monkeypatch.setattr(support, "missing", missing)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    assert cli.main([]) == 1
    assert capsys.readouterr().err == (
        "error: the demo needs a real node, and none can be had here: only root may make one\n"
    )
    assert list(tmp_path.iterdir()) == []


_SANDBOX = """
import pathlib, signal, sys
def end(*_):
    pathlib.Path("ended").touch()
    sys.exit(130)
signal.signal(signal.SIGINT, end)
print("begun", flush=True)
if sys.argv[1] == "up":
    signal.pause()
sys.exit(3)
"""


@pytest.fixture
def played_in(tmp_path: Path) -> Stage:
    """A stage whose sandbox waits for Ctrl-C when it is told to come up, and fails at all else."""
    made = Stage(tmp_path)
    (made.checkout / "sandbox").mkdir(parents=True)
    (made.checkout / "sandbox" / "__main__.py").write_text(_SANDBOX, encoding="utf-8")
    return made


def test_a_command_that_is_interrupted_may_finish_what_is_under_way(played_in: Stage) -> None:
    def interrupt(line: str) -> None:
        assert line == "begun"
        raise KeyboardInterrupt

    played_in.hear = interrupt
    with pytest.raises(KeyboardInterrupt):
        played_in.sandbox("up")
    assert (played_in.checkout / "ended").exists()


def test_a_command_that_fails_is_told_with_its_last_line(played_in: Stage) -> None:
    with pytest.raises(StepError, match=r"`release --stack dev .*` ended with 3, not 4: begun; see .*demo.log"):
        played_in.release("guard", codes=(4,))


class Played(Story):
    """One whose first part fails."""

    def __init__(self, fault: BaseException) -> None:
        self.fault, self.cleared, self.reasons = fault, 0, list[str]()

    def play(self) -> None:
        raise self.fault

    def clear(self) -> None:
        self.cleared += 1

    def fail(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.mark.parametrize(
    ("fault", "code"), [(StepError("`up` ended with 1"), 1), (KeyboardInterrupt(), 130), (ZeroDivisionError(), None)]
)
def test_however_it_ends_what_was_started_is_stopped(fault: BaseException, code: int | None) -> None:
    story = Played(fault)
    if code is None:
        with pytest.raises(ZeroDivisionError):
            cli.played(story)
    else:
        assert cli.played(story) == code
        assert len(story.reasons) == 1
    assert story.cleared == 1
