"""A stack of machines on the real engine, by the platform's own room, against a Proxmox API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pulumi import automation

from components.compute import ComputeCluster
from sandbox.credentials import private_key
from settings import Settings
from settings.compute import Compute
from tests import arguments
from tests.engine import Program
from tests.unit.sandbox.proxmox import TOKEN, Running

_KEY = private_key()


@dataclass
class Trial:
    """A stack of prod's machines and nothing else."""

    server: Running
    stack: Callable[[Program], automation.Stack]
    settings: Settings
    order: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What was begun and ended in the last run: moment and name."""
    errors: list[str] = field(default_factory=list[str])
    """What the last run said of what went wrong."""
    changed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The same of the run in which every machine got more memory and other resolvers."""
    begun: bool = False
    """Whether the machines are there: every run but the first gives them more memory and other resolvers."""
    token: str = TOKEN
    """The API token that the program is given."""

    def program(self, change: Callable[[dict[str, Any]], None] | None = None) -> Program:
        """Declare the machines, as the settings say after a change."""
        data = {**self.settings.compute.model_dump(), "endpoint": self.server.endpoint}
        if self.begun:
            everybody(data)
        if change is not None:
            change(data)
        settings = self.settings.model_copy(update={"compute": Compute.model_validate(data)})

        def declare() -> None:
            ComputeCluster("compute", arguments.machines(settings, self.token, _KEY))

        return declare

    def up(self, change: Callable[[dict[str, Any]], None] | None = None, **options: Any) -> None:
        """Bring the machines up."""
        program = self.program(change)
        self.begun = True
        self.order.clear()
        self.errors.clear()
        self.stack(program).up(on_event=self._watch, color="never", **options)

    def preview(self, change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, str]:
        """What an update would do, by name."""
        found: dict[str, str] = {}

        def watch(event: automation.EngineEvent) -> None:
            if (told := event.resource_pre_event) is not None and told.metadata.op.value != "same":
                found[told.metadata.urn.rpartition("::")[2]] = told.metadata.op.value

        self.stack(self.program(change)).preview(on_event=watch, color="never")
        return found

    def refused(self, act: Callable[[], object]) -> str:
        """What the engine says instead of acting."""
        with pytest.raises(automation.CommandError) as raised:
            act()
        return str(raised.value)

    def _watch(self, event: automation.EngineEvent) -> None:
        if (said := event.diagnostic_event) is not None and said.severity == "error":
            self.errors.append(said.message.strip())
        for moment, told in (("begun", event.resource_pre_event), ("ended", event.res_outputs_event)):
            if told is not None and told.metadata.op.value != "same" and "luxima:" not in told.metadata.type:
                self.order.append((moment, told.metadata.urn.rpartition("::")[2]))

    def guests(self, role: str) -> list[str]:
        """Names of the guests of a role, in the order of the settings."""
        both = {**self.settings.compute.vms, **self.settings.compute.containers}
        return [name for name, guest in both.items() if guest.role == role]


def everybody(compute: dict[str, Any]) -> None:
    """A change of all machines: more memory and other resolvers."""
    for guest in (*compute["vms"].values(), *compute["containers"].values()):
        guest["memory_mib"] += 1024
    compute["network"]["name_servers"] = ("10.10.30.54", "10.10.30.53")
