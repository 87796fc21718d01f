"""`destroy`: remove everything that the stack made, through the engine."""

import time

from sandbox.engine import marks, state
from sandbox.faults import SandboxError
from sandbox.interrupts import Interrupts
from sandbox.layout import Layout
from sandbox.report.console import say, tell
from sandbox.verbs import runs, session


def run(layout: Layout, interrupts: Interrupts, *, state_at_end: bool = False) -> None:
    """Destroy the stack; the servers go on running, empty.

    Args:
        layout: The stack.
        interrupts: What a signal reaches.
        state_at_end: Whether the state is written once: after a kill nobody knows what was removed.
    """
    began = time.monotonic()
    before = state.read(layout.engine)
    if not before.resources and not before.pending:
        tell(f"Stack {layout.stack} has no resources: nothing left.", "bold green")
        return
    if before.protected:
        raise SandboxError(
            f"{', '.join(before.protected)} are protected: take `protected: true` from them in "
            f"Pulumi.{layout.stack}.yaml, run make up STACK={layout.stack}, then this again; or run make clean "
            f"STACK={layout.stack}, which removes the sandbox with all that is in it"
        )
    ready = session.prepare(layout, interrupts, state_at_end=state_at_end)
    runs.catch_up(ready, "destroy")
    say(f"removing {len(before.driven)} resources")
    runs.run(ready, "destroy", ready.engine.destroy)
    left = state.read(layout.engine).driven
    if left:
        tell(f"{len(left)} resources are left: " + ", ".join(str(item["urn"]).split("::")[-1] for item in left))
        return
    marks.finish(layout)
    tell(f"Destroyed {len(before.driven)} resources in {time.monotonic() - began:.0f} s: nothing left.", "bold green")
