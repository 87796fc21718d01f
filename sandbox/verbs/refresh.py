"""`refresh`: find out in what the world differs from the state, and take it into the state."""

from sandbox.engine import state
from sandbox.interrupts import Interrupts
from sandbox.layout import Layout
from sandbox.report.console import say, tell
from sandbox.verbs import runs, session


def run(layout: Layout, interrupts: Interrupts) -> None:
    """Read the world and list the differences."""
    if not state.read(layout.engine).driven:
        tell(f"Stack {layout.stack} has no resources: nothing to compare. Make it with make up.")
        return
    ready = session.prepare(layout, interrupts)
    say("comparing the state with the servers")
    events = runs.read_servers(ready, "refresh")

    from sandbox.report import drift

    drift.show(drift.differences(events))
