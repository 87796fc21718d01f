"""The engine's command line in a session of its own: it gets exactly the signals that are sent to it here."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pulumi.automation import CommandResult, PulumiCommand
from semver import VersionInfo

from automation.output import OnOutput, Output
from sandbox import process
from sandbox.layout import EngineFolder

_RECORD = "engine"


class EngineCommand(PulumiCommand):
    """Runs the engine recorded, so that a later run finds what a killed one left, and interruptible exactly once.

    Ctrl-C in a terminal goes to every process of the foreground group, and an engine that gets a second one gives up
    what is under way. So it runs in another session, and only `interrupt` reaches it.
    """

    def __init__(self, program: Path, folder: EngineFolder, environment: Mapping[str, str]) -> None:
        # The base class would look for the program elsewhere and ask for its version in this process's environment.
        self.command = str(program)
        self._folder = folder
        self._environment = dict(environment)
        self.version = VersionInfo.parse(self._ask_version())
        self.running = False
        self.interrupted = False
        self.killed_by = 0
        self._asked = False

    def _ask_version(self) -> str:
        answer = subprocess.run(
            [self.command, "version"], env=self._environment, capture_output=True, text=True, check=True
        )
        return answer.stdout.strip().removeprefix("v")

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """As the base class, with an environment that is complete in itself."""
        self._folder.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = process.wrapped(self._folder.run, _RECORD, None, [self.command, "--non-interactive", *args])
        environment = {**self._environment, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        self.running = True
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment,
            encoding="utf-8",
            errors="replace",
        ) as child:
            output = Output(child, on_output, on_error)
            self._wait(child)
            try:
                return output.result()
            finally:
                self.running = False
                # An engine that was killed leaves its plugins behind.
                end_session(self._folder, graceful_seconds=0)
                self.killed_by = max(0, -child.returncode)

    def _wait(self, child: subprocess.Popen[str]) -> None:
        """Wait for the engine's end; pass an interrupt on as soon as the engine is the recorded process."""
        while True:
            try:
                child.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                record = process.load(self._folder.run, _RECORD)
                if self._asked and not self.interrupted and record is not None and record.pid == child.pid:
                    self.interrupted = True
                    process.signal_pid(child.pid, signal.SIGINT)
            else:
                return

    def interrupt(self) -> None:
        """Ask the running engine, once, to finish what is under way and stop."""
        self._asked = True

    def kill(self) -> None:
        """End the engine and its plugins at once."""
        end_session(self._folder, graceful_seconds=0)


def end_session(folder: EngineFolder, graceful_seconds: float) -> bool:
    """End an engine and everything it started; True when there was any.

    Args:
        folder: Where it was recorded.
        graceful_seconds: How long it may take to save its state.
    """
    record = process.load(folder.run, _RECORD)
    if record is None:
        return False
    found = False
    if record.alive() and graceful_seconds:
        found = True
        process.signal_pid(record.pid, signal.SIGINT)
        process.wait_gone([record], graceful_seconds)
    marker = f"LUXIMA_SANDBOX_DIR={folder.base}"
    for number in (signal.SIGTERM, signal.SIGKILL):
        members = process.session_of(record, marker)
        found = found or bool(members)
        for pid in members:
            process.signal_pid(pid, number)
        process.wait_gone([item for pid in members if (item := process.record_of("plugin", pid, Path(os.devnull)))], 3)
    process.forget(folder.run, _RECORD)
    return found
