"""The process that makes the stack's own network and leads into it; what it does is in `sandbox.machine.gate`."""

import json
from collections.abc import Mapping, Sequence

from sandbox import process
from sandbox.layout import Layout
from sandbox.machine import kernel, plan
from sandbox.process import Record
from sandbox.servers.base import Site, Unreached


class Gate(Unreached):
    """Started before all others, which are started inside; it listens on the ports of those that it leads to."""

    name = "gate"
    programs: Sequence[str] = ()
    holds_data = False

    def start(self, site: Site) -> None:
        """Nothing: `open` was called before."""

    def open(self, site: Site, others: Sequence[Record]) -> int:
        """Have the network; gives the id of a process in it.

        Args:
            site: The stack.
            others: The processes of the other servers, some of which may still be in it.
        """
        layout = site.layout
        wanted = plan.plan(site.settings, site.ports)
        file = layout.run / "network.json"
        file.write_text(wanted.dump(), encoding="utf-8")
        # Whom it joined when it was started is no reason to start it anew.
        join = layout.run / "gate.join"
        join.write_text(self._inside(others), encoding="ascii")
        ready = str(layout.run / "gate.ready")
        command = ["sandbox.machine.gate", "--plan", str(file), "--ready", ready, "--join", str(join)]
        record = self.keep_running(site, layout.data, command, [file])
        doors = {door.to: door.listen for door in wanted.doors if door.outside}
        plan.addresses_file(layout.base).write_text(json.dumps(doors, indent=1), encoding="utf-8")
        return record.pid

    def _inside(self, others: Sequence[Record]) -> str:
        """The id of a process that is in the network already; empty without one."""
        outside = {kernel.network_of("self"), None}
        inside = [record.pid for record in others if record.alive() and kernel.network_of(record.pid) not in outside]
        return str(inside[0]) if inside else ""

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:  # noqa: ARG002 - as every server
        """Whether every door is open."""
        return process.marked(layout.run / "gate.ready", process.load(layout.run, self.name))
