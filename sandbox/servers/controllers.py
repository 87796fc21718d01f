"""The process that stands for nodes, volume provisioner, load balancer and cert-manager.

What it does is in `sandbox.controllers`.
"""

from collections.abc import Mapping, Sequence

from sandbox import process
from sandbox.controllers.nodes import NodeSpec, dump
from sandbox.layout import Layout
from sandbox.servers.base import Site, Unreached
from sandbox.servers.node import volumes


class Controllers(Unreached):
    """Started when the API server answers; ready when the nodes are."""

    name = "controllers"
    programs: Sequence[str] = ("cert-manager-crds",)
    holds_data = False

    def start(self, site: Site) -> None:
        """Run them for the present cluster."""
        layout = site.layout
        nodes = layout.run / "nodes.wanted"
        wanted = _nodes(site)
        nodes.write_text(dump(wanted), encoding="utf-8")
        ready = layout.run / "controllers.ready"
        command = [
            *("sandbox.controllers", "--kubeconfig", str(layout.kubeconfig), "--nodes", str(nodes)),
            *("--ready", str(ready), "--authority", str(layout.tls)),
            *("--definitions", str(site.programs["cert-manager-crds"])),
            *(("--volumes", str(volumes(layout, wanted[0].name))) if site.real else ()),
        ]
        self.keep_running(site, layout.data, command, [layout.kubeconfig, nodes])

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:  # noqa: ARG002 - as every server
        """Whether the running process has found every node ready."""
        return process.marked(layout.run / "controllers.ready", process.load(layout.run, self.name))


def _nodes(site: Site) -> list[NodeSpec]:
    """The cluster's VMs; one when it is real; one plain node when the cluster is not made by the stack."""
    compute, version = site.settings.compute, site.settings.kubernetes.version
    made = {**compute.by_role("k3s_server"), **compute.by_role("k3s_agent")}
    if site.real:
        made = dict(list(made.items())[:1])
    return [
        NodeSpec(
            name=name,
            zone=vm.node,
            server=vm.role == "k3s_server",
            cpus=vm.cpus,
            memory_mib=vm.memory_mib,
            disk_gib=vm.disk_gib,
            address=vm.address,
            version=version,
            pod_cidr=site.settings.kubernetes.pod_cidr if site.real else "",
        )
        for name, vm in made.items()
    ] or [
        NodeSpec("node-1", "existing", server=True, cpus=8, memory_mib=16384, disk_gib=100, address="", version=version)
    ]
