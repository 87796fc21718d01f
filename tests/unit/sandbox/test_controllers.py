from typing import Any

import pytest

from sandbox.controllers import balancers, nodes, volumes
from sandbox.controllers.nodes import NodeSpec


def claim(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"uid": "1-2", "namespace": "n", "name": "data"},
        "spec": {
            "storageClassName": "local-path",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "5Gi"}},
            **spec,
        },
        "status": {"phase": "Pending"},
    }


def service(kind: str = "LoadBalancer", annotation: str = "", ips: list[str] | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": "s", "namespace": "n", "annotations": {"kube-vip.io/loadbalancerIPs": annotation}},
        "spec": {"type": kind},
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips or []]}},
    }


def test_a_waiting_claim_gets_a_volume_of_its_size_bound_to_it_alone() -> None:
    volume = volumes.volume_for(claim())
    assert volume is not None
    assert volume["spec"]["capacity"] == {"storage": "5Gi"}
    assert volume["spec"]["claimRef"]["uid"] == "1-2"


@pytest.mark.parametrize("spec", [{"volumeName": "mine"}, {"storageClassName": ""}])
def test_a_claim_that_wants_a_certain_volume_gets_none(spec: dict[str, Any]) -> None:
    assert volumes.volume_for(claim(**spec)) is None


def test_a_bound_claim_gets_none() -> None:
    bound = claim()
    bound["status"]["phase"] = "Bound"
    assert volumes.volume_for(bound) is None


def test_only_released_volumes_that_were_made_here_are_removed() -> None:
    volume = volumes.volume_for(claim())
    assert volume is not None
    assert not volumes.finished({**volume, "status": {"phase": "Bound"}})
    assert volumes.finished({**volume, "status": {"phase": "Released"}})
    volume["metadata"]["annotations"] = {}
    assert not volumes.finished({**volume, "status": {"phase": "Released"}})


def test_an_asked_address_is_given_and_a_wrong_one_replaced() -> None:
    asked = "10.0.0.1,10.0.0.3"
    assert balancers.wanted(service(annotation=asked)) == ["10.0.0.1", "10.0.0.3"]
    assert balancers.wanted(service(annotation=asked, ips=["10.0.0.2"])) == ["10.0.0.1", "10.0.0.3"]
    assert balancers.wanted(service(annotation=asked, ips=["10.0.0.1", "10.0.0.3"])) is None
    assert balancers.wanted(service()) is None
    assert balancers.wanted(service("ClusterIP", asked)) is None


def test_nodes_survive_the_way_through_a_file() -> None:
    spec = NodeSpec(
        "a", "pve1", server=True, cpus=2, memory_mib=4096, disk_gib=40, address="10.0.0.1", version="v1.34.2"
    )
    assert nodes.parse(nodes.dump([spec])) == [spec]
    made = nodes.manifest(spec)
    assert made["status"]["capacity"]["memory"] == "4096Mi"
    assert made["metadata"]["labels"]["topology.kubernetes.io/zone"] == "pve1"
    assert not nodes.ready(made)
