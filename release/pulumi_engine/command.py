"""The engine's command line in a session of its own: Ctrl-C reaches it once, through here."""

import os
import signal
import subprocess
from collections.abc import Mapping

from pulumi.automation import CommandResult, PulumiCommand

from automation.output import OnOutput, Output


class EngineCommand(PulumiCommand):
    """Runs `pulumi` from PATH. An engine that gets a second interrupt gives up what is under way: it gets one."""

    def __init__(self) -> None:
        super().__init__()
        self._child: subprocess.Popen[str] | None = None
        self.interrupted = False

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """As the base class."""
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**_inherited(), **additional_env, "PULUMI_AUTOMATION_API": "true"},
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as child:
            self._child = child
            output = Output(child, on_output, on_error)
            child.wait()
            self._child = None
            return output.result()

    def interrupt(self) -> bool:
        """Ask the running engine, once, to finish what is under way and stop; False when none runs."""
        child = self._child
        if child is None or child.poll() is not None:
            return False
        if not self.interrupted:
            self.interrupted = True
            child.send_signal(signal.SIGINT)
        return True


def _inherited() -> dict[str, str]:
    """The operator's environment, with which backend, passphrase and providers' own variables come."""
    return dict(os.environ)  # noqa: TID251 - handed on to the engine, not read
