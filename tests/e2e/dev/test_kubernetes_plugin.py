"""The official Kubernetes plugin on a real control plane with simulated nodes: what it refuses, keeps and waits for.

All tests share one running stack and leave it up; each makes the change that it needs by itself.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.checkout import Done
from tests.e2e.life import next_release
from tests.e2e.world import World
from tests.e2e.world.expected_cluster import SERVICE
from tests.programs import free_port

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(3600)]

_STACK = "dev"
_UP = ("up", "--stack", _STACK)
_FILE = f"Pulumi.{_STACK}.yaml"
_PROMETHEUS = "/apis/apps/v1/namespaces/observability/statefulsets/prometheus"


def said(done: Done, *parts: str) -> None:
    """The one error of a command, with every part in it."""
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, str(done)
    assert all(part in errors[0] for part in parts), f"{parts}\n{done}"
    assert "Traceback" not in done.text


def test_the_size_of_a_volume_is_refused_before_anything_changes(world: World) -> None:
    before, state = world.cluster.get(_PROMETHEUS), world.state()
    world.checkout.replace(
        _FILE, "prometheus: {replicas: 1, volume_gib: 40,", "prometheus: {replicas: 1, volume_gib: 41,"
    )
    done = world.checkout.run(*_UP)
    world.checkout.replace(_FILE, "volume_gib: 41,", "volume_gib: 40,")
    assert done.code == 1
    said(done, "StatefulSet", "are 40Gi and cannot become 41Gi", "set volume_gib back", "docs/how-to/volumes.md")
    after = world.cluster.get(_PROMETHEUS)
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert world.state() == state


def test_a_state_of_another_kind_of_plugin_is_not_continued(world: World) -> None:
    mark = world.folder / "run" / "plugins"
    kinds, state = mark.read_text(encoding="utf-8"), world.state()
    mark.write_text(json.dumps({**json.loads(kinds), "kubernetes": "local"}), encoding="utf-8")
    done = world.checkout.run(*_UP)
    mark.write_text(kinds, encoding="utf-8")
    assert done.code == 1
    said(done, "was made with the local plugin for kubernetes", "run make clean STACK=dev, then make up")
    assert world.state() == state


@pytest.mark.long
def test_pods_that_do_not_come_are_waited_for_in_words_and_not_for_ever(world: World) -> None:
    copy, nodes = world.checkout, [item["metadata"]["name"] for item in world.cluster.items("/api/v1/nodes")]
    next_release(world)
    copy.replace("components/kubernetes/workload.py", "create, each = 300", "create, each = 20")
    for name in nodes:
        world.cluster.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": True}})
    done = copy.run(*_UP)
    for name in nodes:
        world.cluster.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": None}})
    copy.replace("components/kubernetes/workload.py", "create, each = 20", "create, each = 300")
    assert done.code == 1
    about = [line for line in done.err.splitlines() if f"service-{SERVICE}-green-deployment" in line]
    assert any(re.search(r"waiting for \S+: .*(Pods|unschedulable)", line) for line in about), str(done)
    assert any("it is there, but not ready: " in line for line in about), str(done)
    copy.succeed(*_UP)


@pytest.mark.long
def test_the_cluster_under_another_address_is_the_same_one(world: World) -> None:
    """As when its certificate is made anew: the kubeconfig is another one, and nothing in the cluster is made anew."""
    copy, path, before = world.checkout, world.folder / "ports.json", world.cluster.get(_PROMETHEUS)
    copy.succeed("down", "--stack", _STACK)
    path.write_text(json.dumps({**world.ports, "kube-apiserver": free_port()}), encoding="utf-8")
    done = copy.succeed(*_UP)
    assert "made anew" not in done.text, str(done)
    del world.cluster
    after = world.cluster.get(_PROMETHEUS)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
