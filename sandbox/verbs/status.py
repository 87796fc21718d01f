"""`status`: what runs, where it listens, where its log is."""

from sandbox import ports
from sandbox.engine import marks, state
from sandbox.layout import Layout
from sandbox.report import results
from sandbox.report.console import table, tell
from sandbox.servers import fleet


def run(layout: Layout) -> None:
    """Print it."""
    rows = results.server_rows(layout, ports.read(fleet.ports_file(layout)))
    table(["server", "state", "address", "pid", "log"], rows, f"Stack {layout.stack}")
    found = state.read(layout.engine)
    tell(f"  {len(found.driven)} resources in the state")
    if found.pending:
        tell(f"  {len(found.pending)} operations were interrupted; make up repairs them")
    elif marks.unfinished(layout):
        tell("  the last run did not finish; make up repairs it")
