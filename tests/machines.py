"""Machines on the real engine, against a simulated Proxmox API: for the tests and the figures of the compute room."""

import os
from collections.abc import Callable
from pathlib import Path

from pulumi import automation

from sandbox import plugins
from sandbox.engine import environment
from sandbox.engine.command import EngineCommand
from sandbox.layout import EngineFolder
from tests.unit.sandbox.proxmox import Running
from tools import ensure

Program = Callable[[], None]


def stack_on(server: Running, folder: Path) -> Callable[[Program], automation.Stack]:
    """The stack `prod` in an empty folder, with any program; its local providers know the server's certificate."""
    engine = EngineFolder(folder / "engine", "prod")
    for path in (engine.project, engine.state, engine.home, engine.run):
        path.mkdir(parents=True)
    plugins.write(engine, plugins.choose(os.defpath), os.defpath)
    built = environment.build(engine, passphrase="of this trial only", bundle=server.certificate)
    command = EngineCommand(ensure("pulumi")["pulumi"], engine, built)

    def stack(program: Program) -> automation.Stack:
        options = automation.LocalWorkspaceOptions(
            work_dir=str(engine.project), pulumi_home=str(engine.home), pulumi_command=command
        )
        return automation.create_or_select_stack("prod", project_name="machines", program=program, opts=options)

    return stack
