"""Kubernetes Nodes: whether each is ready, and what its kernel and its kubelet run out of."""

from typing import Final

from components.observability.grafana.board import Board, Row
from components.observability.grafana.dashboards.parts import curves, latency
from components.observability.grafana.names import series
from components.observability.grafana.panels import NONE_WANTED, Column, above, below, listing
from components.observability.grafana.variables import node
from components.observability.rules import nodes
from settings import Settings

_NODE: Final = 'node=~"$node"'
_HOST: Final = 'host=~"$node"'


def board(_: Settings) -> Board:
    """The dashboard."""

    def share(resource: str) -> str:
        asked = series("kube_pod_container_resource_requests", _NODE, f'resource="{resource}"')
        there = series("kube_node_status_allocatable", _NODE, f'resource="{resource}"')
        return f"sum by (node) ({asked}) / max by (node) ({there})"

    ready = series("kube_node_status_condition", _NODE, 'condition="Ready"', 'status="true"')
    pods = f"count by (node) ({series('kube_pod_info', _NODE)})"
    room = series("kube_node_status_allocatable", _NODE, 'resource="pods"')
    entries, limit = (series(f"node_nf_conntrack_entries{what}", _HOST) for what in ("", "_limit"))
    collectors = series("node_scrape_collector_success", _HOST, f'collector=~"{nodes.COLLECTORS}"')
    failed = series("node_systemd_unit_state", _HOST, 'state="failed"')
    return Board(
        uid="kubernetes-nodes",
        title="Kubernetes Nodes",
        description="Whether each node is ready, how much of it is in use, and what its kernel runs out of.",
        variables=[node()],
        links={"System Overview": "/d/system-overview", "Control Plane": "/d/control-plane"},
        rows=[
            Row(
                "Now",
                [
                    listing(
                        "Nodes",
                        "Ready or not, and the shares of the node that its pods have asked for.",
                        Column("Ready", f"max by (node) ({ready})", "bool_yes_no", below(1)),
                        Column("Processors asked for", share("cpu"), "percentunit", above(1, 0.9)),
                        Column("Memory asked for", share("memory"), "percentunit", above(1, 0.9)),
                        Column("Pods", f"{pods} / max by (node) ({room})", "percentunit", above(nodes.PODS_RATIO)),
                        width=16,
                    ),
                    listing(
                        "Failed units",
                        "Units of systemd that have failed, on every machine.",
                        Column("Failed", f"sum by (host, name) ({failed}) > 0", "short", NONE_WANTED),
                        width=8,
                    ),
                ],
            ),
            Row(
                "Use",
                [
                    curves(
                        "Processors in use",
                        "Share of the processors' time that was not idle.",
                        "percentunit",
                        (f"host:cpu:utilisation5m{{{_HOST}}}", "{{host}}"),
                        maximum=1,
                    ),
                    curves(
                        "Memory in use",
                        "Share of the memory that is neither free nor a cache.",
                        "percentunit",
                        (f"host:memory:utilisation{{{_HOST}}}", "{{host}}"),
                        maximum=1,
                    ),
                    curves(
                        "Followed connections",
                        "Share of the kernel's table of connections that is in use.",
                        "percentunit",
                        (f"{entries} / {limit}", "{{host}}"),
                        steps=above(nodes.CONNTRACK_RATIO),
                        maximum=1,
                    ),
                ],
            ),
            Row(
                "Kubelet",
                [
                    latency(
                        "Look at the containers",
                        "Time that the kubelet takes to look at all containers.",
                        "kubelet_pleg_relist_duration_seconds",
                        "host",
                        _HOST,
                        limit=nodes.PLEG_SECONDS,
                    ),
                    curves(
                        "Certificates of k3s",
                        "Time for which the node's first certificate to end is still valid.",
                        "s",
                        (f"min by (host) ({series('k3s_certificate_expiration_seconds', _HOST)})", "{{host}}"),
                        steps=below(nodes.CERTIFICATE_DAYS * 86_400),
                    ),
                    curves(
                        "Collectors that fail",
                        "Collectors of the node exporter that give nothing, of those that alerts are made of.",
                        "short",
                        (f"count by (host) ({collectors}) - sum by (host) ({collectors})", "{{host}}"),
                    ),
                ],
            ),
        ],
    )
