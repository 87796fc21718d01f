"""`up`: bring the stack up in the sandbox."""

import time

from sandbox.engine import marks, state
from sandbox.interrupts import Interrupts
from sandbox.layout import Layout
from sandbox.report.console import say
from sandbox.servers import docker
from sandbox.verbs import runs, session


def run(layout: Layout, interrupts: Interrupts, *, state_at_end: bool = False) -> None:
    """Start the servers and make the stack what the program says.

    Args:
        layout: The stack.
        interrupts: What a signal reaches.
        state_at_end: Whether the state is written once: after a kill nobody knows what was made.
    """
    began = time.monotonic()
    say(f"stack {layout.stack}: settings are right; starting the servers")
    ready = session.prepare(layout, interrupts, state_at_end=state_at_end)
    runs.catch_up(ready, "up")
    say("running the program on the engine, under the policies in policy/")
    events = runs.plan(ready, "up")
    if events.changed or marks.unfinished(layout) or events.outputs != state.read(layout.engine).outputs:
        say(f"policies passed; resources that change: {events.changed}")
        events = runs.run(ready, "up", lambda recorder: ready.engine.up(recorder, layout.root / "policy"))

    from sandbox.report import inventory, results
    from sandbox.report.failures import verdict_line

    resources = state.read(layout.engine)
    for verdict in events.verdicts:
        say(f"  {verdict_line(verdict)}", "yellow")
    inventory.show(inventory.lines(resources.by_type(), ready.plugins, docker.absent(layout, ready.settings)))
    if ready.images is not None:
        inventory.show_images(ready.images)
    results.show_servers(layout, ready.ports)
    results.show_outputs(events.outputs)
    results.show_changes(events, time.monotonic() - began)
