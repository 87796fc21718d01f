"""`down` and `clean`: nothing of the sandbox keeps running."""

import shutil

from sandbox import process
from sandbox.engine import marks, orphans, state
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
    _require_nothing_left(layout)
    if stopped:
        tell(
            f"stack {layout.stack}: {len(stopped)} processes ended; data kept in {layout.base.relative_to(layout.root)}"
        )
    else:
        tell(f"stack {layout.stack}: nothing was running")


def _require_nothing_left(layout: Layout) -> None:
    left = fleet.left_over(layout)
    if left:
        names = ", ".join(f"pid {pid}" for pid in left)
        raise SandboxError(
            f"stack {layout.stack}: these processes of its sandbox still run, though nothing recorded them: {names}; "
            "its folder may have been removed while they ran: end them with kill"
        )


def run_down(stacks: list[str]) -> None:
    """`down` for these stacks."""
    for stack in stacks:
        layout = Layout(stack)
        if not layout.run.is_dir():
            _require_nothing_left(layout)
            tell(f"stack {stack}: nothing was running")
            continue
        with exclusive(layout, "down"):
            down(layout)
    if not stacks:
        for stack in Layout("dev").known_stacks():
            _require_nothing_left(Layout(stack))
        tell("nothing was running")


def run_clean(stacks: list[str]) -> None:
    """`down`, and forget everything."""
    for stack in stacks:
        layout = Layout(stack)
        if layout.run.is_dir():
            with exclusive(layout, "clean"):
                down(layout)
                where = marks.kinds(layout).get("containers", "")
                if where.startswith("on the engine at") and state.read(layout.engine).driven:
                    say(f"stack {stack}: what it made {where} stays there (make destroy would have removed it)")
                process.cancelled.clear()
                shutil.rmtree(layout.base)
        else:
            _require_nothing_left(layout)
            shutil.rmtree(layout.base, ignore_errors=True)
        tell(f"stack {stack}: its sandbox is removed")
    one = Layout("dev")
    if one.sandbox.is_dir() and not one.used_stacks():
        shutil.rmtree(one.sandbox)
