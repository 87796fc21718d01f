"""The table of flows, the network policies by somebody else's evaluator, and what documents say (SEC-6)."""

import pytest

from components.flows import Flow, Pods
from tests.documents.network import implied
from tests.documents.network.manifests import Cluster, Connection
from tests.recording import STACKS, stack_settings

pytestmark = pytest.mark.needs_tools

OPEN = {
    (4317, "spans"),  # OTLP over gRPC, for a service whose library knows nothing else; the environment says HTTP
}
"""Flows that no document implies."""


@pytest.fixture(scope="module", params=STACKS)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    return Cluster(stack_settings(request.param))


def _of_pods(flow: Flow) -> bool:
    """Whether network policies are about it; what machines ask of machines is the hypervisor's firewall's part."""
    return isinstance(flow.source, Pods) or isinstance(flow.target, Pods)


def named(connection: Connection) -> str:
    source, target, port, protocol = connection
    return f"{source.name} -> {target.name} {port}/{protocol}"


def test_the_network_lets_through_what_is_in_the_table_and_nothing_else(cluster: Cluster) -> None:
    ports = {(flow.port, flow.protocol) for flow in cluster.flows if _of_pods(flow)}
    ports |= {(port, "TCP") for pod in cluster.pods for _, port in pod.ports} | {(22, "TCP"), (5432, "TCP")}
    parties = [*cluster.pods, *cluster.machines]
    connections = [(a, b, port, protocol) for a in parties for b in parties for port, protocol in sorted(ports)]
    expected = list(map(cluster.expected, connections))
    assert sum(map(all, expected)) > 200
    allowed = cluster.allowed(connections)
    wrong = [
        f"{named(each)}: {is_so} instead of {should}"
        for each, is_so, should in zip(connections, allowed, expected, strict=True)
        if is_so != should
    ]
    assert wrong == []


def test_everybody_in_the_table_is_there(cluster: Cluster) -> None:
    for flow in cluster.flows:
        for peer in (flow.source, flow.target):
            if isinstance(peer, Pods):
                assert any(pod.is_of(peer) for pod in cluster.pods), flow


def test_what_documents_imply_can_be_reached(cluster: Cluster) -> None:
    connections = list(dict.fromkeys(implied.connections(cluster)))
    assert len(connections) > 150
    allowed = cluster.allowed(connections)
    assert [named(each) for each, verdict in zip(connections, allowed, strict=True) if not all(verdict)] == []


def test_every_flow_of_the_table_is_implied_by_a_document(cluster: Cluster) -> None:
    needed = set(implied.connections(cluster))
    unneeded = [flow for flow in cluster.flows if _of_pods(flow) and not cluster.used(flow, needed)]
    assert [flow for flow in unneeded if (flow.port, flow.why) not in OPEN] == []
