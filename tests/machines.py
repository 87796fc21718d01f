"""Machines on the real engine, against a simulated Proxmox API: for the tests and the figures of the compute room."""

import os
from collections.abc import Callable
from pathlib import Path

from pulumi import automation

from sandbox import plugins
from sandbox.layout import EngineFolder
from tests.engine import Program, engine_in
from tests.unit.sandbox.proxmox import Running


def stack_on(server: Running, folder: Path) -> Callable[[Program], automation.Stack]:
    """The stack `prod` in an empty folder, with any program; its local providers know the server's certificate."""
    return engine_in(EngineFolder(folder / "engine", "prod"), plugins.choose(os.defpath), bundle=server.certificate)
