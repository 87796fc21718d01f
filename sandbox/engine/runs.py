"""The engine's verbs on one stack."""

import shutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pulumi.automation import LocalWorkspace, ProjectSettings, Stack
from pulumi.automation._stack import StackInitMode  # Stack.select makes a plain Stack, not one of a subclass
from pulumi.automation.errors import CommandError

from automation.program import run
from automation.stack import BareStack
from sandbox.engine.command import EngineCommand
from sandbox.engine.events import Recorder
from sandbox.layout import ROOT, EngineFolder

_PARALLEL = 48
"""Operations at once. Of the whole platform 32 wait for pods; the engine's own limit is four for each core. What they
wait for must not wait for them.
"""

# The Automation API warns when the engine ends without closing its stream of events; it is said in a sentence here.
warnings.filterwarnings("ignore", module=r"pulumi\.automation\..*")


class Workspace(LocalWorkspace):
    """A workspace that asks the file system, not the engine, whether the stack is there: half a second less."""

    def __init__(
        self,
        folder: EngineFolder,
        command: EngineCommand,
        program: Callable[[], None],
        project: ProjectSettings | None = None,
    ) -> None:
        super().__init__(
            work_dir=str(folder.project),
            pulumi_home=str(folder.home),
            program=program,
            pulumi_command=command,
            project_settings=project,
        )
        self._checkpoint = folder.checkpoint

    def select_stack(self, stack_name: str) -> None:
        """Make it when it is not there."""
        if not self._checkpoint.exists():
            self.create_stack(stack_name)


def without_log(home: Path) -> None:
    """Have the engine keep no log of all that it says to its plugins: 20 MB in each run, which nobody here can read.

    It has no option for that, and does without where a file is in the place of its folder.
    """
    logs = home / "logs"
    if logs.is_dir():
        shutil.rmtree(logs)
    logs.touch()


@dataclass
class Outcome:
    """How a run ended."""

    events: Recorder
    succeeded: bool = True
    output: str = ""
    """What the engine wrote, when it failed."""
    interrupted: bool = False


@dataclass
class Engine:
    """The engine on one stack's folder.

    Attributes:
        program: The engine's path.
        folder: Its folder, project and stack file already written.
        environment: Its whole environment.
    """

    program: Path
    folder: EngineFolder
    environment: Mapping[str, str]
    command: EngineCommand = field(init=False)

    def __post_init__(self) -> None:
        self._empty_temporary()
        for path in (self.folder.state, self.folder.home, self.folder.logs, self.folder.run):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        without_log(self.folder.home)
        self.command = EngineCommand(self.program, self.folder, self.environment)

    def up(self, events: Recorder, policy: Path) -> Outcome:
        """Make the stack what the program says."""
        packs = [str(policy)]
        return self._run(
            events, lambda stack: stack.up(on_event=events, policy_packs=packs, parallel=_PARALLEL, color="never")
        )

    def preview(self, events: Recorder, policy: Path | None) -> Outcome:
        """Say what `up` would do."""
        packs = [str(policy)] if policy else None
        return self._run(events, lambda stack: stack.preview(on_event=events, policy_packs=packs, color="never"))

    def refresh(self, events: Recorder) -> Outcome:
        """Bring the state to what the servers have; operations that were cut short are forgotten."""
        return self._run(
            events, lambda stack: stack.refresh(on_event=events, clear_pending_creates=True, color="never")
        )

    def destroy(self, events: Recorder) -> Outcome:
        """Remove everything in the state."""
        return self._run(events, lambda stack: stack.destroy(on_event=events, color="never"))

    def _run(self, events: Recorder, verb: Callable[[Stack], Any]) -> Outcome:
        outcome = Outcome(events)
        program = partial(run, ROOT / "__main__.py", ROOT, self.folder.logs / "program.log")
        workspace = Workspace(self.folder, self.command, program)
        try:
            verb(BareStack(self.folder.stack, workspace, StackInitMode.SELECT))
        except CommandError as error:
            outcome.succeeded = False
            outcome.output = str(error)
            if self.command.killed_by:
                outcome.output = f"error: the engine was killed by signal {self.command.killed_by}; the state is kept"
        finally:
            self._empty_temporary()
        outcome.interrupted = self.command.interrupted
        return outcome

    def _empty_temporary(self) -> None:
        shutil.rmtree(self.folder.temporary, ignore_errors=True)
        self.folder.temporary.mkdir(mode=0o700, parents=True)
