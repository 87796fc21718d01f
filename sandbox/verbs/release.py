"""`release`: the release tool against the sandbox's servers, as an operator would run it against real ones."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.agent import table
from sandbox.interrupts import Interrupts
from sandbox.layout import ROOT, Layout
from sandbox.verbs import runs, session


def run(layout: Layout, interrupts: Interrupts, arguments: Sequence[str]) -> int:
    """Start the servers, then run the tool; gives its exit code.

    It changes `releases/<stack>.yaml` of this checkout, as it is there for, and never commits it.
    """
    ready = session.prepare(layout, interrupts)
    runs.catch_up(ready, "release")
    child = _Child([sys.executable, "-m", "release", *arguments, "--stack", layout.stack], environment(layout, ready))
    interrupts.engine = child
    return child.wait()


def addresses_file(layout: Layout) -> Path:
    """Where the agent writes down which loopback address stands for which of the stack's, when it is on."""
    return table.folder(layout) / "addresses.json"


def environment(layout: Layout, ready: session.Session) -> dict[str, str]:
    """The engine's environment, and where the tool finds what: no secret is on its command line."""
    given = ready.engine.environment
    file = addresses_file(layout) if table.enabled(layout) else None
    more: Mapping[str, str] = {
        "PATH": f"{ready.engine.program.parent}:{given['PATH']}",
        "LUXIMA_PROJECT": str(layout.engine.project),
        "LUXIMA_CA_BUNDLE": str(layout.ca_bundle),
        "LUXIMA_NO_COMMIT": "1",
        "LUXIMA_LOOPBACK_ONLY": "1",
        # Simulated gateways never answer: no use in waiting for them as for real ones.
        **({"LUXIMA_TIMEOUT": "10"} if file is None else {"LUXIMA_ADDRESSES": str(file)}),
    }
    return {**given, **more}


class _Child:
    """The tool under way, in a process group of its own: a signal reaches it once, through here."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.running = True
        self._process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), process_group=0)

    def wait(self) -> int:
        """Its exit code; that of a shell when a signal ended it."""
        code = self._process.wait()
        self.running = False
        return code if code >= 0 else 128 - code

    def interrupt(self) -> None:
        """Finish what is under way, then stop."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Stop at once."""
        self._process.kill()
