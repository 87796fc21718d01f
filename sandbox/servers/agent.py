"""The process that runs pods with a slot as processes, when it is turned on; what it does is in `sandbox.agent`."""

import json
import sys
from collections.abc import Mapping, Sequence

from sandbox import process
from sandbox.agent import table
from sandbox.layout import PYCACHE, ROOT, Layout
from sandbox.ports import Wanted
from sandbox.process import Record
from sandbox.servers.base import Program, Site, keep_running


class Agent:
    """Started when the API server answers; ready when it knows the cluster. Off unless `table.enable` was called."""

    name = "agent"
    programs: Sequence[str] = ()
    holds_data = False

    def ports(self) -> list[Wanted]:
        """Those it listens on are its own business: they are in `addresses.json`."""
        return []

    def start(self, site: Site) -> None:
        """Run it for the present cluster, or end it when it is turned off."""
        layout = site.layout
        if not table.enabled(layout):
            process.stop(self.records(layout))
            process.forget(layout.run, self.name)
            return
        folder = table.folder(layout)
        program = Program(
            name=self.name,
            command=[
                *(sys.executable, "-m", "sandbox.agent", "--kubeconfig", str(layout.kubeconfig)),
                *("--folder", str(folder), "--pod-cidr", site.settings.kubernetes.pod_cidr),
                *("--ready", str(layout.run / "agent.ready")),
            ],
            environment=site.environment(
                folder, PYTHONPATH=str(ROOT), PYTHONUNBUFFERED="1", PYTHONPYCACHEPREFIX=str(PYCACHE)
            ),
            cwd=folder,
            log=layout.logs / "agent.log",
            files=[layout.kubeconfig],
        )
        keep_running(layout.run, program, lambda: self.answers(layout, site.ports))

    def records(self, layout: Layout) -> list[Record]:
        """The agent, and the pods' processes that run, also those that a killed agent left."""
        own = process.load(layout.run, self.name)
        pods = [record for record in process.records(table.folder(layout) / "run") if record.alive()]
        return [*([own] if own else []), *pods]

    def address(self, ports: Mapping[str, int]) -> str:  # noqa: ARG002 - as every server
        """None."""
        return ""

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:  # noqa: ARG002 - as every server
        """Whether the running process knows the cluster."""
        record = process.load(layout.run, self.name)
        try:
            mark = json.loads((layout.run / "agent.ready").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return False
        return record is not None and mark == [record.pid, record.started]
