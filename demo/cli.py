"""Plays the demo, shows it live, and leaves a page of it.

Ends with 0 only if the good release lost no request and the bad one was taken back; 1 if not, 130 when interrupted.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console

from demo import page
from demo.screen import Screen, tell
from demo.stage import SIGNALS, Stage, StepError, deaf
from demo.story import Story
from sandbox.faults import SandboxError
from sandbox.lock import exclusive
from sandbox.machine import support

ROOT = Path(__file__).resolve().parent.parent
_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Play it; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="A good release and a bad one, on a real node.")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE.svg", help="where the timeline is written as a picture too"
    )
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    stage = Stage(ROOT)
    reason = support.missing(stage.checkout / "trial")
    if reason is not None:
        sys.stderr.write(f"error: the demo needs a real node, and none can be had here: {reason}\n")
        return 1
    for number in SIGNALS:
        signal.signal(number, _interrupted)
    stage.folder.mkdir(exist_ok=True)
    try:
        with exclusive(stage.layout, "demo", stage.folder), Screen(console) as screen:
            story = Story(stage, screen)
            code = played(story)
    except SandboxError as error:
        # Another demo is under way here.
        sys.stderr.write(f"error: {error}\n")
        return 1
    run = story.run()
    if run.seconds:
        left = stage.folder / "demo.html"
        left.write_text(page.page(run), encoding="utf-8")
        if options.picture is not None:
            options.picture.write_text(page.picture(run), encoding="utf-8")
        tell(console, run)
        console.print(f"The page is {left.as_uri()}", soft_wrap=True)
    return code or (0 if run.figures.right else 1)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def played(story: Story) -> int:
    """Play it and stop what was started, however it ends; gives the exit code."""
    code = 0
    try:
        story.play()
    except (StepError, SandboxError) as error:
        code = _failed(story, error)
    except KeyboardInterrupt:
        code = _INTERRUPTED
        story.fail("it was interrupted")
    finally:
        with deaf():
            try:
                story.clear()
            except StepError as error:
                code = _failed(story, error)
    return code


def _failed(story: Story, error: Exception) -> int:
    story.fail(str(error))
    sys.stderr.write(f"error: {error}\n")
    return 1
