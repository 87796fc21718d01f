"""`down` and `clean`: nothing of the sandbox keeps running."""

import shutil

from sandbox import process
from sandbox.engine import orphans
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.lock import exclusive
from sandbox.report.console import say, tell
from sandbox.servers import fleet


def down(layout: Layout) -> None:
    """End every process of the stack; its data stays.

    Raises:
        SandboxError: When something keeps running.
    """
    for folder in (layout.engine, layout.preview):
        for sentence in orphans.clear(folder):
            say(sentence)
    stopped = fleet.stop(layout)
    left = fleet.left_over(layout)
    if left:
        names = ", ".join(f"pid {pid}" for pid in left)
        raise SandboxError(
            f"stack {layout.stack}: these processes of its sandbox still run, though nothing recorded them: {names}"
        )
    if stopped:
        tell(
            f"stack {layout.stack}: {len(stopped)} processes ended; data kept in {layout.base.relative_to(layout.root)}"
        )
    else:
        tell(f"stack {layout.stack}: nothing was running")


def run_down(stacks: list[str]) -> None:
    """`down` for these stacks."""
    for stack in stacks:
        layout = Layout(stack)
        if not layout.run.is_dir():
            tell(f"stack {stack}: nothing was running")
            continue
        with exclusive(layout, "down"):
            down(layout)
    if not stacks:
        tell("nothing was running")


def run_clean(stacks: list[str]) -> None:
    """`down`, and forget everything."""
    for stack in stacks:
        layout = Layout(stack)
        if layout.run.is_dir():
            with exclusive(layout, "clean"):
                down(layout)
                process.cancelled.clear()
                shutil.rmtree(layout.base)
        elif layout.base.is_dir():
            shutil.rmtree(layout.base)
        tell(f"stack {stack}: its sandbox is removed")
    one = Layout("dev")
    if one.sandbox.is_dir() and not one.used_stacks():
        shutil.rmtree(one.sandbox)
