"""The engine's command line in a session of its own: Ctrl-C reaches it once, through here."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from threading import Thread
from typing import IO, Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

OnOutput = Callable[[str], Any]


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
        output: list[str] = []
        errors: list[str] = []
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
            readers = [
                Thread(target=_read, args=(child.stdout, on_output, output), daemon=True),
                Thread(target=_read, args=(child.stderr, on_error, errors), daemon=True),
            ]
            for reader in readers:
                reader.start()
            child.wait()
            for reader in readers:
                reader.join(timeout=5)
            self._child = None
        result = CommandResult(stdout="\n".join(output), stderr="\n".join(errors), code=child.returncode)
        if child.returncode != 0:
            raise create_command_error(result)
        return result

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


def _read(stream: IO[str] | None, callback: OnOutput | None, lines: list[str]) -> None:
    if stream is None:
        return
    for line in stream:
        text = line.rstrip()
        if callback:
            callback(text)
        lines.append(text)
