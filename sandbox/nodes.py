"""Whether a stack's nodes are real or simulated; decided once, when the stack is made."""

import os
from pathlib import Path
from typing import Final, Literal, cast

from sandbox import disk
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.machine import support
from sandbox.report.console import say

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
    if kind == "real":
        reason = support.missing(layout.run / "trial")
        if reason is not None and (asked == "real" or made):
            way = f"make clean STACK={layout.stack} and then {VARIABLE}" if made else VARIABLE
            raise SandboxError(f"a real node cannot be had here: {reason}; {way}=simulated does without")
        if reason is not None:
            say(f"nodes are simulated, and no pod really runs: for a real one, {reason}")
            kind = "simulated"
    if kind == "real" and not (layout.data / "node").exists():
        disk.require(layout.base, disk.NODE_MIB)
    _file(layout).write_text(kind, encoding="ascii")
    return kind == "real"


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
