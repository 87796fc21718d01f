"""Whether a stack's nodes are real or simulated; decided once, when the stack is made."""

import os
from pathlib import Path
from typing import Final, Literal, cast

from sandbox import disk, process
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.machine import support
from sandbox.report.console import say
from sandbox.tls import write_private

Kind = Literal["real", "simulated"]
VARIABLE: Final = "NODE"
_REAL_STACK: Final = "dev"
"""What one machine can carry; the others ask for several nodes."""


def decide(layout: Layout, *, made: bool) -> bool:
    """Whether the stack has a real node.

    Args:
        layout: The stack.
        made: Whether it has resources.

    Raises:
        SandboxError: When another kind is asked for than the one the stack was made with, or none can be had.
    """
    # A stack that was made before there were real nodes has no note of it.
    before, asked = (remembered(layout) or "simulated") if made else None, _asked()
    if before is not None and asked not in {None, before}:
        raise SandboxError(
            f"stack {layout.stack} was made with {before} nodes, and {VARIABLE}={asked} asks for others: "
            f"run make clean STACK={layout.stack} first, or leave {VARIABLE} out"
        )
    kind = before or asked or ("real" if layout.stack == _REAL_STACK else "simulated")
    if kind == "real" and not _runs(layout):
        reason = support.missing(layout.run / "trial")
        if reason is not None and (asked == "real" or made):
            way = (
                f"fix that and run it again, nothing is lost; or do without: make clean STACK={layout.stack}, then "
                f"{VARIABLE}=simulated make up"
                if made
                else f"{VARIABLE}=simulated does without"
            )
            raise SandboxError(f"a real node is not possible here: {reason}; {way}")
        if reason is not None:
            say(f"nodes are simulated, and no pod really runs: for a real one, {reason}")
            kind = "simulated"
    if kind == "real" and not (layout.data / "node").exists():
        disk.require(layout.base, disk.NODE_MIB)
    return kind == "real"


def remember(layout: Layout, *, real: bool) -> None:
    """Note what the stack's nodes are, once nothing of the other kind is left."""
    write_private(_file(layout), b"real" if real else b"simulated")


def _runs(layout: Layout) -> bool:
    """Whether the node runs now: then it can be had, though it has taken the memory that is asked for."""
    record = process.load(layout.run, "node")
    return record is not None and record.alive()


def remembered(layout: Layout) -> Kind | None:
    """What the stack's nodes were the last time; None when there was none."""
    try:
        return cast("Kind", _file(layout).read_text(encoding="ascii"))
    except OSError:
        return None


def _file(layout: Layout) -> Path:
    return layout.base / "nodes"


def _asked() -> Kind | None:
    value = os.environ.get(VARIABLE)
    if value in {None, "", "auto"}:
        return None
    if value not in {"real", "simulated"}:
        raise SandboxError(f"{VARIABLE} is {value!r}; it is real or simulated, or left out")
    return cast("Kind", value)
