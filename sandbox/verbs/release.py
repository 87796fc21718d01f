"""`release`: the release tool against the sandbox's servers, as an operator would run it against real ones."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from sandbox import images
from sandbox.engine import state
from sandbox.faults import SandboxError
from sandbox.interrupts import Interrupts
from sandbox.layout import ROOT, Layout
from sandbox.verbs import runs, session
from settings import Settings

_OF_A_SERVICE: Final = {"deploy", "verify", "switch", "rollback", "canary", "shadow", "guard", "status", "history"}
"""Verbs of the tool whose first argument is a service."""


def run(layout: Layout, interrupts: Interrupts, arguments: Sequence[str]) -> int:
    """Start the servers, then run the tool; gives its exit code.

    It changes `releases/<stack>.yaml` of this checkout, as it is there for, and never commits it.
    """
    ready = session.prepare(layout, interrupts, _released(arguments), program=False)
    runs.catch_up(ready, "release")
    child = _Child([sys.executable, "-m", "release", *arguments, "--stack", layout.stack], environment(layout, ready))
    interrupts.engine = child
    return child.wait()


def show_help(arguments: Sequence[str]) -> int:
    """What the tool says of itself, which needs no server."""
    return subprocess.run([sys.executable, "-m", "release", *arguments], cwd=ROOT, check=False).returncode


def require(layout: Layout, settings: Settings, arguments: Sequence[str]) -> None:
    """See that there is something to release, before any server is started.

    Raises:
        SandboxError: When the stack is not up, or has no such service.
    """
    verb, *others = [word for word in arguments if not word.startswith("-")] or [""]
    if verb in _OF_A_SERVICE and others and others[0] == arguments[1] and others[0] not in settings.services:
        known = ", ".join(settings.services)
        raise SandboxError(f"{others[0]} is not a service of stack {layout.stack}; services: {known}")
    if not state.read(layout.engine).driven:
        raise SandboxError(f"stack {layout.stack} is not up; run make up STACK={layout.stack} first")


def _released(arguments: Sequence[str]) -> list[str]:
    """The images that the tool is asked to release, which no registry has."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    given = [after if word == "--image" else word.partition("=")[2] for word, after in pairs if "--image" in word]
    return [image for image in given if images.is_service(image)]


def environment(layout: Layout, ready: session.Session) -> dict[str, str]:
    """The engine's environment, and where the tool finds what: no secret is on its command line."""
    given = ready.engine.environment
    # Simulated gateways never answer: no use in waiting for them as for real ones, and nobody else is to be asked.
    simulated = {"LUXIMA_TIMEOUT": "10", "LUXIMA_LOOPBACK_ONLY": "1"} if ready.images is None else {}
    more: Mapping[str, str] = {
        "PATH": f"{ready.engine.program.parent}:{given['PATH']}",
        "LUXIMA_PROJECT": str(layout.engine.project),
        "LUXIMA_CA_BUNDLE": str(layout.ca_bundle),
        "LUXIMA_NO_COMMIT": "1",
        "LUXIMA_TYPED_AS": 'make release ARGS="{verb}" STACK={stack}',
        **simulated,
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
