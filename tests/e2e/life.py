"""What a stack's life consists of, on the real engine and the real servers; every assertion reads the servers."""

from __future__ import annotations

import os
import re
import secrets
import signal
from typing import Any, cast

from components.kubernetes import k3s_vms
from components.kubernetes.kube_vip import kube_vip
from tests.e2e.checkout import LONGEST, Checkout, Done
from tests.e2e.world import World, expected
from tests.e2e.world.cluster import Refused
from tests.e2e.world.expected_cluster import NAMESPACE, SERVICE
from tests.waiting import wait_for

_STRANGE = "registry.example.test/by/hand:latest"
"""An image that somebody put into a Deployment by hand."""


def next_release(world: World) -> str:
    """Put a new image into the green slot of the release file; the image."""
    blue = world.settings.releases.services[SERVICE].slots["blue"]
    assert blue is not None
    image = f"{blue.image.split('@')[0]}@sha256:{secrets.token_hex(32)}"
    filled = f"green:\n        image: {image}\n        standing: verified"
    world.checkout.release(world.stack, r"green:( null|\n +image: \S+\n +standing: verified)", filled)
    return image


def setting(world: World, file: str, pattern: str, by: int = 1) -> None:
    """Change a number of a file of settings: what the pattern's second group is."""
    path = world.checkout.root / file
    content = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, lambda match: f"{match[1]}{int(match[2]) + by}", content, count=1)
    assert changed != content
    path.write_text(changed, encoding="utf-8")


def one_pod_more(world: World) -> None:
    """The services file asks for it."""
    setting(world, f"services/{world.stack}.yaml", r"(\n  replicas: )(\d+)")


def an_engine_is_killed_while_pods_are_waited_for(world: World, slot: str) -> str:
    """The slot's Deployment is there, and the state does not know it. Gives its id."""
    running = world.checkout.start("up", "--stack", world.stack)
    running.wait_for("running the program on the engine")
    # No pod of it gets ready, however late this looks.
    _may_run_pods(world, may=False)
    wait_for(lambda: deployment(world, slot) is not None, "the Deployment is there", LONGEST)
    os.kill(world.process("engine"), signal.SIGKILL)
    done = world.checkout.finish(running)
    assert done.code == 1, str(done)
    assert not any(item["urn"].endswith(f"::service-{SERVICE}-{slot}-deployment") for item in world.state())
    _may_run_pods(world, may=True)
    return str(deployment(world, slot))


def _may_run_pods(world: World, *, may: bool) -> None:
    for node in world.cluster.items("/api/v1/nodes"):
        path = f"/api/v1/nodes/{node['metadata']['name']}"
        world.cluster.patch(path, {"spec": {"unschedulable": None if may else True}})


def deployment(world: World, slot: str) -> str | None:
    """The id of a slot's Deployment, if it is there."""
    try:
        found = world.cluster.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{SERVICE}-{slot}")
    except Refused:
        return None
    return str(found["metadata"]["uid"])


def stands(world: World) -> None:
    """Every server has what the settings say."""
    release = world.settings.releases.services[SERVICE]
    expected.assert_up(world, release.live, *(slot for slot, content in release.slots.items() if content is not None))


def is_up(done: Done, world: World) -> None:
    """After the command that brought it up."""
    stands(world)
    driven, recorded, skipped = (
        int(number) for number in re.findall(r"(\d+) resources driven, (\d+) recorded, (\d+) skipped", done.out).pop()
    )
    assert driven > recorded > skipped == 0, done.out
    assert f"storefront: https://{world.settings.environment.domain}" in done.out
    assert "kubeconfig: [secret]" in done.out
    assert "\nDone in " in done.out


def takes_what_every_node_applies(world: World) -> None:
    """kube-vip's manifests are applied by k3s, not by the engine: the API server says that it would take them."""
    roots = {
        "ServiceAccount": "/api/v1/namespaces/kube-system/serviceaccounts",
        "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "DaemonSet": "/apis/apps/v1/namespaces/kube-system/daemonsets",
    }
    for manifest in kube_vip(world.settings.kubernetes):
        taken = world.cluster.try_out(roots[manifest["kind"]], manifest)
        assert taken["metadata"]["name"] == manifest["metadata"]["name"]


def does_not_change_when_nothing_did(copy: Checkout, world: World) -> None:
    """A second `up` touches neither state nor cluster."""
    before, versions = _state(world), world.cluster.versions(NAMESPACE)
    done = copy.succeed("up", "--stack", world.stack)
    assert re.search(r"Nothing changed: all \d+ resources are as the program says", done.out), str(done)
    assert _state(world) == before
    assert world.cluster.versions(NAMESPACE) == versions


def has_no_drift(copy: Checkout, world: World) -> None:
    """In the eyes of `refresh`."""
    before = _state(world)
    done = copy.succeed("refresh", "--stack", world.stack)
    assert "No drift: the servers match the state." in done.out, str(done)
    # A refresh takes in what servers report of themselves, such as the number of pods; what was asked for is the same.
    assert {urn: parts[:2] for urn, parts in _state(world).items()} == {urn: parts[:2] for urn, parts in before.items()}


def _state(world: World) -> dict[str, Any]:
    """What the engine knows of each resource."""
    return {item["urn"]: [_readable(item.get(part)) for part in ("id", "inputs", "outputs")] for item in world.state()}


def _readable(value: Any) -> Any:
    """Without secrets: the engine encrypts them anew now and then."""
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        return "[secret]" if "ciphertext" in found else {name: _readable(each) for name, each in found.items()}
    return [_readable(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def drift_is_seen(copy: Checkout, world: World) -> None:
    """On each kind of server somebody changes something by hand; all else is as the state says."""
    settings = world.settings
    bucket, machine = settings.storage.bucket_name("backups"), settings.compute.vms["docker-1"]
    world.store.remove_rule(bucket, "deployment-snapshots")
    deployment = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{SERVICE}-blue"
    pod = {"containers": [{"name": "main", "image": _STRANGE}]}
    world.cluster.patch(deployment, {"spec": {"replicas": 1, "template": {"spec": pod}}})
    world.names.remove(settings.environment.domain, settings.environment.domain)
    world.machines.change(machine.id, memory=machine.memory_mib // 2)

    done = copy.succeed("refresh", "--stack", world.stack)
    lines = [line for line in done.out.splitlines() if line.startswith("  ")]
    seen = [
        ("storage-backups-lifecycle", r"rules\[\d\]"),
        (f"service-{SERVICE}-blue-deployment", rf"spec\.replicas: was {settings.services[SERVICE].replicas}.*, is 1"),
        (f"service-{SERVICE}-blue-deployment", rf"image: was .*, is .*{_STRANGE}"),
        (f"dns-public-service-{SERVICE}", "is gone"),
        ("compute-docker-1-vm", rf"memory\.dedicated: was {machine.memory_mib}.*, is {machine.memory_mib // 2}"),
    ]
    for name, what in seen:
        assert [line for line in lines if f" {name}: " in line and re.search(what, line)], f"{name}: {what}\n{done}"
    strangers = [line for line in lines if not any(f" {name}: " in line for name, _ in seen)]
    assert not strangers, str(done)


def drift_is_repaired_and_the_idle_slot_filled(copy: Checkout, world: World) -> None:
    """One run does both, and brings the machines to the next release of k3s, one after another and servers first."""
    next_release(world)
    setting(world, f"Pulumi.{world.stack}.yaml", r"(\n    version: v\d+\.\d+\.)(\d+)")
    done = copy.succeed("up", "--stack", world.stack)
    started = re.findall(rf" {world.settings.kubernetes.cluster}-(\S+)-start +updated", done.text)
    assert started == list(k3s_vms(world.settings.compute)), str(done)
    stands(world)


def a_release_switches_a_record_and_nothing_else(copy: Checkout, world: World) -> None:
    """From one slot to the other, which is filled."""
    before = _everything(world)
    live = world.settings.releases.services[SERVICE].live
    copy.release(world.stack, f"live: {live}", f"live: {'green' if live == 'blue' else 'blue'}")
    done = copy.succeed("up", "--stack", world.stack)
    # The other one is the ledger, which is in the state only.
    assert re.search(r"Done in \d+ s: \d+ unchanged, 2 updated\.", done.out), str(done)
    after = _everything(world)
    public = f"{world.settings.environment.domain} A"
    assert before["records"].pop(public) != after["records"].pop(public)
    assert after == before
    stands(world)


def _everything(world: World) -> dict[str, Any]:
    return {
        "cluster": world.cluster.versions(NAMESPACE),
        "store": world.store.configuration(),
        "machines": world.machines.configs(),
        "records": {
            name: record
            for zone in world.settings.environment.zones
            for name, record in world.names.records(zone).items()
        },
    }


def leaves_nothing(copy: Checkout, world: World) -> None:
    """On no server, and no process."""
    if any(item.get("protect") for item in world.state()):
        _protection_is_taken_away(copy, world)
    done = copy.succeed("destroy", "--stack", world.stack, "--state-at-end")
    assert re.search(r"Destroyed \d+ resources in \d+ s: nothing left\.", done.out), str(done)
    expected.assert_nothing(world)
    assert [item["type"] for item in world.state()] in ([], ["pulumi:pulumi:Stack"])
    done = copy.succeed("down", "--stack", world.stack)
    assert "processes ended" in done.out
    assert copy.processes() == []


def _protection_is_taken_away(copy: Checkout, world: World) -> None:
    """What is protected stays until the stack file says otherwise."""
    file, before = f"Pulumi.{world.stack}.yaml", world.state()
    done = copy.run("destroy", "--stack", world.stack)
    assert done.code == 1, str(done)
    assert f"take `protected: true` from them in {file}" in done.err
    assert world.state() == before
    copy.replace(file, ", protected: true", "")
    copy.succeed("up", "--stack", world.stack)
