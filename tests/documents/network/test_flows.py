"""The table of flows, the network policies by somebody else's evaluator, and what documents say (SEC-6)."""

from collections.abc import Iterator

import pytest

from components.flows import Pods
from tests.documents.network import told
from tests.documents.network.manifests import Cluster, Connection
from tests.recording import STACKS, stack_settings

pytestmark = pytest.mark.needs_tools


@pytest.fixture(scope="module", params=STACKS)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    return Cluster(stack_settings(request.param))


def named(connection: Connection) -> str:
    source, target, port, protocol = connection
    return f"{source.name} -> {target.name} {port}/{protocol}"


def test_the_network_lets_through_what_is_in_the_table_and_nothing_else(cluster: Cluster) -> None:
    ports = {(flow.port, flow.protocol) for flow in cluster.flows}
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
    absent = set(cluster.settings.services) - set(cluster.settings.releases.services)
    for flow in cluster.flows:
        for peer in (flow.source, flow.target):
            if isinstance(peer, Pods) and peer.name not in absent:
                assert any(pod.is_of(peer) for pod in cluster.pods), flow


def test_what_programs_are_told_to_connect_to_can_be_reached(cluster: Cluster) -> None:
    connections = list(dict.fromkeys(_told(cluster)))
    assert len(connections) > 40
    allowed = cluster.allowed(connections)
    assert [named(each) for each, verdict in zip(connections, allowed, strict=True) if not all(verdict)] == []


def _told(cluster: Cluster) -> Iterator[Connection]:
    blackbox = next(pod for pod in cluster.pods if pod.name == "blackbox-exporter")
    for pod in cluster.pods:
        for text in pod.told:
            asked = [(pod, each) for each in told.endpoints(text, pod.namespace)]
            if "scrape_configs:" in text and pod.name == "prometheus":
                asked += [(blackbox, each) for each in told.probes(text)]
            for source, (host, port, protocol) in asked:
                for target, at in cluster.behind(host, port):
                    yield source, target, at, protocol
