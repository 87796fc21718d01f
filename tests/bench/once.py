"""`python -m tests.bench.once FOLDER STACK VERB PROGRAM [PACK]` runs the engine once and prints what it took, as JSON.

PROGRAM is the platform's `__main__.py`; or a file of recorded resources, with `+sdk` behind it if the SDKs' modules
that the platform needs are to be imported too. It is a process of its own, as every `pulumi` command is: nothing is
imported beforehand.
"""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pulumi.automation import CommandResult, LocalWorkspace, Stack
from pulumi.automation.errors import CommandError

from automation import program
from sandbox.engine import environment
from sandbox.engine.command import EngineCommand
from sandbox.engine.events import Recorder, name_of
from sandbox.layout import ROOT, EngineFolder
from tests.bench import bare
from tools import ensure

PASSPHRASE = "of this measurement only"
ATTACHED = "PULUMI_DEBUG_PROVIDERS"
"""The engine's variable for providers that run already: `package:port`, with commas between."""


class TimedCommand(EngineCommand):
    """Times the engine from its start to its end; what the Automation API asks it beside that does not count."""

    seconds = 0.0

    def run(self, args: list[str], *rest: Any, **named: Any) -> CommandResult:
        """As the base class."""
        started = time.monotonic()
        try:
            return super().run(args, *rest, **named)
        finally:
            if args[0] in {"preview", "up"}:
                self.seconds = time.monotonic() - started


def main(folder: EngineFolder, verb: str, which: str, packs: list[str]) -> int:
    """Run the verb; the exit code is 1 when the engine stopped."""
    declare: Callable[[], None] = partial(program.run, Path(which), ROOT, folder.logs / "program.log")
    modules = ["settings", "components.platform"]
    if Path(which).name != "__main__.py":
        file, sdk, _ = which.partition("+sdk")
        recorded = json.loads(Path(file).read_text(encoding="utf-8"))
        declare = bare.program(recorded["resources"])
        modules = list[str](recorded["modules"] if sdk else [])
    taken = {"imports": 0.0}
    chosen = {name: value for name, value in os.environ.items() if name in {ATTACHED, *environment.STATE_AT_END}}
    built = environment.build(folder, passphrase=PASSPHRASE, bundle=None) | chosen
    command = TimedCommand(ensure("pulumi")["pulumi"], folder, built)
    timed = _importing_first(modules, declare, taken)
    workspace = LocalWorkspace(str(folder.project), str(folder.home), timed, pulumi_command=command)
    stack = Stack.create_or_select(folder.stack, workspace)
    events, failure = Recorder(), ""
    try:
        if verb == "up":
            stack.up(on_event=events, color="never")
            state = (stack.export_stack().deployment or {})["resources"]
            packages = {f"pulumi_{each['type'].partition(':')[0]}" for each in state}
            modules = [name for name in sys.modules if name.partition(".")[0] in packages]
            recorded = {"resources": list(bare.recordable(state)), "modules": modules}
            (folder.base / "exported.json").write_text(json.dumps(recorded), encoding="utf-8")
        else:
            stack.preview(on_event=events, policy_packs=packs, color="never")
    except CommandError as error:
        objections = [
            f"{each.policy}: {name_of(each.urn)}: {each.message}" for each in events.verdicts if each.mandatory
        ]
        failure = "\n    ".join((objections or [each.message for each in events.errors()] or [str(error)])[:5])
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    taken |= {"seconds": command.seconds, "cpu": cpu, "resources": sum(events.changes.values())}
    sys.stdout.write(json.dumps({"taken": taken, "failure": failure}))
    return 1 if failure else 0


def _importing_first(
    modules: Sequence[str], declare: Callable[[], None], taken: dict[str, float]
) -> Callable[[], None]:
    """The program, its imports timed; they would be its first lines anyway."""

    def run() -> None:
        started = time.monotonic()
        for name in modules:
            importlib.import_module(name)
        taken["imports"] = time.monotonic() - started
        declare()

    return run


if __name__ == "__main__":
    base, stack_name, verb_name, program_name, *pack = sys.argv[1:]
    sys.exit(main(EngineFolder(Path(base), stack_name), verb_name, program_name, pack))
