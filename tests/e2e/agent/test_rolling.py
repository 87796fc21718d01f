"""Pods as real processes under the real Deployment controller, scheduler and EndpointSlice controller (REL-2)."""

import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.pod import DRAIN_SECONDS
from sandbox import process
from sandbox.agent import table
from sandbox.agent.objects import part, parts
from tests.e2e.agent import manifests
from tests.e2e.agent.cluster import Cluster, cluster, host_of, program, ready, wait_for
from tests.e2e.agent.load import Load
from tests.e2e.agent.manifests import BROKEN, NEW, OLD, PORT

IMAGES = {OLD: program(), NEW: program(), BROKEN: program(NEVER_READY="1")}
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with cluster(IMAGES) as made:
        yield made


def begin(running: Cluster, space: str, **how: Any) -> str:
    """A service of three pods in a namespace of its own; gives the Deployment's path."""
    running.make("/api/v1/namespaces", manifests.namespace(space))
    wait_for(lambda: running.get(f"/api/v1/namespaces/{space}/serviceaccounts/default"))
    running.make(f"/api/v1/namespaces/{space}/services", manifests.service("api", "green"))
    running.make(DEPLOYMENTS.format(space), manifests.deployment("api", "green", OLD, **how))
    wanted = how.get("replicas", 3)
    wait_for(lambda: sum(map(ready, running.pods(space))) == wanted, why=f"{wanted} pods ready")
    # The EndpointSlice, and the agent's proxy, know of it a moment later.
    address = running.address(f"api-green.{space}.svc:80")
    wait_for(lambda: answers(*address), why="the Service leads to a pod")
    return f"{DEPLOYMENTS.format(space)}/api-green"


def end(running: Cluster, space: str) -> None:
    """Remove the service; its pods leave in order."""
    running.api.call("DELETE", f"{DEPLOYMENTS.format(space)}/api-green?propagationPolicy=Foreground")
    wait_for(lambda: not running.pods(space), why="the pods are gone")


def image_of(pod: dict[str, Any]) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def use(running: Cluster, path: str, image: str) -> None:
    """What a deploy changes."""
    running.api.call(
        "PATCH", path, {"spec": {"template": {"spec": {"containers": [_with_image(running.get(path), image)]}}}}
    )


def _with_image(deployment: dict[str, Any], image: str) -> dict[str, Any]:
    return {**deployment["spec"]["template"]["spec"]["containers"][0], "image": image}


def rolled_out(running: Cluster, path: str) -> bool:
    """What `kubectl rollout status` waits for."""
    found = running.get(path)
    wanted, status = found["spec"]["replicas"], found["status"]
    seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return seen and counts == [wanted] * 3


def condition(running: Cluster, path: str, kind: str) -> dict[str, Any]:
    by_type = {item["type"]: item for item in parts(running.get(path)["status"], "conditions")}
    return part(by_type, kind)


def answers(host: str, port: int, path: str = "/healthz") -> dict[str, str]:
    """Headers of an answer; none when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=3) as response:
            return dict(response.headers)
    except OSError:
        return {}


def test_a_rolling_update_loses_no_request(running: Cluster) -> None:
    path = begin(running, "rolling", drain=DRAIN_SECONDS)
    with Load(running.address("api-green.rolling.svc:80")) as load:
        wait_for(lambda: load.answered > 500)
        assert set(load.images) == {OLD}
        use(running, path, NEW)
        wait_for(lambda: rolled_out(running, path), 90, "rolled out")
        wait_for(lambda: len(running.pods("rolling")) == 3, why="the old pods are gone")
        at_end, before = load.answered, load.images[OLD]
        wait_for(lambda: load.answered > max(2_000, at_end + 300))
        assert load.images[OLD] == before, "the old image answered after its pods were gone"
    assert load.lost == []
    assert load.answered >= 2_000
    assert set(load.images) == {OLD, NEW}
    assert set(load.statuses) == {200}
    assert load.reconnects >= load.keeping, "every kept connection was moved to a new pod"
    end(running, "rolling")


def test_a_candidate_that_never_gets_ready_stops_the_rollout(running: Cluster) -> None:
    path = begin(running, "stopped", deadline=5)
    with Load(running.address("api-green.stopped.svc:80"), keeping=2, fresh=1) as load:
        use(running, path, BROKEN)
        stopped = wait_for(
            lambda: (
                found
                if (found := condition(running, path, "Progressing")).get("reason") == "ProgressDeadlineExceeded"
                and BROKEN in map(image_of, running.pods("stopped"))
                else None
            ),
            why="the rollout stops",
        )
        assert stopped["status"] == "False"
        pods = running.pods("stopped")
        assert sorted(image_of(pod) for pod in pods) == [OLD, OLD, OLD, BROKEN]
        assert all(ready(pod) == (image_of(pod) == OLD) for pod in pods)
        use(running, path, OLD)
        wait_for(lambda: rolled_out(running, path), why="rolled back")
        wait_for(lambda: [image_of(pod) for pod in running.pods("stopped")] == [OLD] * 3, why="the candidate is gone")
        wait_for(lambda: condition(running, path, "Progressing")["status"] == "True")
    assert load.lost == []
    assert set(load.images) == {OLD}
    assert load.answered > 100
    end(running, "stopped")


def process_of(running: Cluster, pod: dict[str, Any]) -> process.Record | None:
    uid = pod["metadata"]["uid"][:8]
    found = [item for item in process.records(running.agent / "run") if f"_{uid}_" in item.name and item.alive()]
    return found[0] if found else None


def test_a_killed_process_is_started_again(running: Cluster) -> None:
    begin(running, "killed", replicas=1)
    pod = running.pods("killed")[0]
    name = pod["metadata"]["name"]
    address = running.address("api-green.killed.svc:80")
    record = process_of(running, pod)
    assert record is not None
    wait_for(lambda: answers(*address).get("X-Pod") == name, why="its answer")
    os.kill(record.pid, signal.SIGKILL)

    def again_ready() -> bool:
        (found,) = running.pods("killed")
        return found["status"]["containerStatuses"][0]["restartCount"] > 0 and ready(found)

    wait_for(again_ready, why="started anew and ready")
    (after,) = running.pods("killed")
    (container,) = after["status"]["containerStatuses"]
    assert after["metadata"]["name"] == name
    assert container["restartCount"] == 1
    assert container["lastState"]["terminated"]["exitCode"] == 128 + signal.SIGKILL
    again = process_of(running, pod)
    assert again is not None
    assert again.pid != record.pid
    wait_for(lambda: answers(*address).get("X-Pod") == name, why="its answer")
    end(running, "killed")


def test_a_changed_config_map_is_swapped_in(running: Cluster) -> None:
    begin(running, "files", replicas=1)
    where = "/api/v1/namespaces/files/configmaps"
    (pod,) = running.pods("files")
    folder = next((running.agent / "pods").glob(f"files_{pod['metadata']['name']}_*")) / "volumes" / "settings"
    assert list(folder.glob("[!.]*")) == []
    made = {"metadata": {"name": "settings"}, "data": {"settings.yaml": "upstream: http://api-green.files.svc:80/\n"}}
    running.make(where, {"apiVersion": "v1", "kind": "ConfigMap", **made})
    file = folder / "settings.yaml"
    wait_for(file.exists)
    host, port = running.address("api-green.files.svc:80")
    assert file.read_text() == f"upstream: http://{host}:{port}/\n"
    assert file.is_symlink()
    assert file.readlink() == Path("..data/settings.yaml")
    before = (folder / "..data").readlink()
    running.api.call("PATCH", f"{where}/settings", {"data": {"settings.yaml": "log: /tmp/x\n", "more.yaml": "1"}})
    wait_for((folder / "more.yaml").exists)
    assert file.read_text() == f"log: {folder.parent / 'tmp'}/x\n"
    assert (folder / "..data").readlink() != before
    # The old data goes after the new ones are in their place, as the kubelet does it.
    wait_for(lambda: not (folder / before).exists())
    assert running.pods("files")[0]["metadata"]["uid"] == pod["metadata"]["uid"]
    assert running.pods("files")[0]["status"]["containerStatuses"][0]["restartCount"] == 0
    end(running, "files")


def test_a_load_balancer_is_served_at_its_own_address(running: Cluster) -> None:
    begin(running, "balancer", replicas=1)
    document = manifests.service("api", "green")
    document["metadata"] |= {"name": "gateway", "annotations": {"kube-vip.io/loadbalancerIPs": "10.10.10.61"}}
    document["spec"] |= {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    running.make("/api/v1/namespaces/balancer/services", document)
    host, port = running.address("10.10.10.61:80")
    assert host == "127.10.10.61"
    wait_for(lambda: answers(host, port).get("X-Slot") == "green")
    end(running, "balancer")
    # Nobody is there: the connection is refused or reset, and nothing hangs.
    wait_for(lambda: answers(host, port) == {})


def test_other_pods_stay_simulated(running: Cluster) -> None:
    space = "simulated"
    running.make("/api/v1/namespaces", manifests.namespace(space))
    wait_for(lambda: running.get(f"/api/v1/namespaces/{space}/serviceaccounts/default"))
    document = manifests.deployment("api", "green", OLD, replicas=1)
    for labels in (document["spec"]["selector"]["matchLabels"], document["spec"]["template"]["metadata"]["labels"]):
        del labels["luxima.id/slot"]
    running.make(DEPLOYMENTS.format(space), document)
    unknown = manifests.deployment("web", "blue", "registry.luxima.id/web@sha256:" + "d" * 64, replicas=1)
    running.make(DEPLOYMENTS.format(space), unknown)
    wait_for(lambda: sum(map(ready, running.pods(space))) == 2, why="both pods ready")
    by_slot = {pod["metadata"]["labels"].get("luxima.id/slot"): pod for pod in running.pods(space)}
    assert not by_slot[None]["status"]["podIP"].startswith("10.42."), "kwok's own"
    assert by_slot["blue"]["status"]["podIP"].startswith("10.42."), "the agent's, though without a process"
    for pod in by_slot.values():
        assert process_of(running, pod) is None
    for name in ("api-green", "web-blue"):
        running.api.call("DELETE", f"{DEPLOYMENTS.format(space)}/{name}")
    wait_for(lambda: not running.pods(space), why="the pods are gone")


def kill_agent(running: Cluster) -> None:
    agent = process.load(running.layout.run, "agent")
    assert agent is not None
    os.kill(agent.pid, signal.SIGKILL)
    assert process.wait_gone([agent], 30) == []


def test_nothing_is_left(running: Cluster) -> None:
    begin(running, "left", replicas=2)
    records = [record for pod in running.pods("left") if (record := process_of(running, pod))]
    assert len(records) == 2
    kill_agent(running)
    assert all(record.alive() for record in records), "pods outlive a kubelet that is killed"
    running.start()
    assert not any(record.alive() for record in records), "and are ended by the next one"
    wait_for(lambda: len([pod for pod in running.pods("left") if process_of(running, pod)]) == 2, why="started again")

    def answered(pod: dict[str, Any]) -> bool:
        return ready(pod) and answers(host_of(pod), PORT).get("X-Slot") == "green"

    # What was ready under the agent before may not have its new address yet.
    wait_for(lambda: all(map(answered, running.pods("left"))), why="ready again")
    kill_agent(running)
    running.stop()
    assert running.processes() == []
    # Turned off, the same cluster is kwok's altogether.
    table.disable(running.layout)
    running.start()
    running.api.call("DELETE", f"/api/v1/namespaces/left/pods/{running.pods('left')[0]['metadata']['name']}")
    wait_for(
        lambda: any(ready(pod) and not pod["status"]["podIP"].startswith("10.42.") for pod in running.pods("left")),
        seconds=180,
        why="a pod of kwok's",
    )
    assert process.load(running.layout.run, "agent") is None
    # Turned on again, the agent takes over kwok's pods.
    running.images(IMAGES)
    running.start()
    wait_for(lambda: [process_of(running, pod) is not None for pod in running.pods("left")] == [True] * 2, why="both")
    wait_for(lambda: all(answers(host_of(pod), PORT) for pod in running.pods("left")), why="both answer")
    running.stop()
    assert running.processes() == []
