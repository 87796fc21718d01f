"""What goes wrong while machines are made, on the engine against a Proxmox API: one sentence, and the next run goes on.

What k3s says of a wrong token, a lost quorum and the like is in `tests/unit/components/k3s`; machines that were moved,
deleted or grown by hand are in `test_machines.py`; numbers and nodes that the settings themselves get wrong in
`tests/unit/settings`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.providers.machines import Trial
from tests.machines import stack_on
from tests.recording import stack_settings
from tests.unit.sandbox.proxmox import TOKEN, running
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(600)]

FIRST, SECOND = 3131, 3132
"""Numbers of two Docker hosts, of which the second one is made when the first one serves."""


@pytest.fixture
def trial(tmp_path: Path) -> Generator[Trial]:
    """Two Docker hosts of prod, of which nothing is made yet."""
    settings = stack_settings("prod")
    vms = {name: settings.compute.vms[name] for name in ("docker-1", "docker-2")}
    compute = settings.compute.model_copy(update={"vms": vms, "containers": {}})
    with running(tmp_path, nodes=("pve1", "pve2", "pve3")) as server:
        yield Trial(server, stack_on(server, tmp_path), settings.model_copy(update={"compute": compute}))


def numbers(trial: Trial) -> set[int]:
    """Of the machines that the cluster has."""
    return {vm.vmid for vm in trial.server.cluster.vms}


def one_sentence(trial: Trial) -> str:
    """The only thing that the last run said of what went wrong, besides that it did."""
    said = {error for error in trial.errors if not error.startswith("update failed")}
    assert len(said) == 1, said
    assert "Traceback" not in str(said)
    return said.pop()


def goes_on(trial: Trial) -> None:
    """The next run makes what is missing, and then nothing is left to do."""
    trial.up()
    assert numbers(trial) == {FIRST, SECOND}
    assert all(trial.server.cluster.firewall["guests"][vm]["options"]["enable"] for vm in (FIRST, SECOND))
    trial.up()
    assert trial.preview() == {}


def test_a_wrong_token_is_named_without_its_secret_and_nothing_is_made(trial: Trial) -> None:
    name, _, secret = TOKEN.partition("=")
    trial.token = f"{name}={secret[::-1]}"
    trial.refused(trial.up)
    assert f"does not accept the API token {name}" in one_sentence(trial)
    assert secret[::-1] not in str(trial.errors)
    assert numbers(trial) == set()
    trial.token = TOKEN
    goes_on(trial)


def full(cluster: Any) -> Callable[[], None]:
    """What Proxmox says when the thin pool has no space left (pve-storage, LvmThinPlugin.pm: lvcreate's own words)."""
    path = "/nodes/pve2/qemu"
    cluster.fail("POST", path, 500, "free space in thin pool pve/data reached threshold")
    return lambda: cluster.failures.pop(("POST", path))


def away(cluster: Any) -> Callable[[], None]:
    """A node that is switched off."""
    cluster.set_node_offline("pve2")
    return lambda: cluster.set_node_offline("pve2", offline=False)


def taken(cluster: Any) -> Callable[[], None]:
    """A machine of somebody else has the number."""
    cluster.add_vm(SECOND, name="somebody-elses", node="pve3")
    return lambda: cluster.vms.remove(cluster.vm(SECOND))


def without_quorum(cluster: Any) -> Callable[[], None]:
    """Too few nodes are left to decide anything."""
    cluster.lose_quorum()
    return cluster.regain_quorum


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (full, ("VM 3132 (docker-2) on node pve2", "free space in thin pool pve/data reached threshold")),
        (away, ("pve2", "No route to host")),
        (taken, ("3132", "already exists")),
        (without_quorum, ("cluster not ready - no quorum?",)),
    ],
)
def test_what_the_cluster_refuses_is_told_and_the_next_run_goes_on(
    trial: Trial, fault: Callable[[Any], Callable[[], None]], words: tuple[str, ...]
) -> None:
    cluster = trial.server.cluster
    mended = fault(cluster)
    before = {vm.vmid: dict(vm.config) for vm in cluster.vms}
    trial.refused(trial.up)
    sentence = one_sentence(trial)
    assert all(word in sentence for word in words), sentence
    # Nothing of anybody else was touched, nor adopted.
    assert {vm.vmid: dict(vm.config) for vm in cluster.vms if vm.vmid in before} == before
    mended()
    goes_on(trial)


@contextmanager
def kept_waiting(cluster: Any, vmid: int) -> Generator[threading.Event]:
    """Who makes this machine hears nothing until the block ends; the event says that the machine is there."""
    made, ended, task = threading.Event(), threading.Event(), cluster.task

    async def begun(node: str, kind: str, number: object, *rest: Any, **more: Any) -> str:
        upid: str = await task(node, kind, number, *rest, **more)
        if (kind, number) == ("qmcreate", vmid):
            made.set()
            await asyncio.to_thread(ended.wait)
        return upid

    cluster.task = begun
    try:
        yield made
    finally:
        ended.set()
        cluster.task = task


def under_way(folder: Path) -> list[str]:
    """Names of what the engine wrote down as begun and not ended."""
    (state,) = folder.rglob("stacks/luxima/prod.json")
    begun: list[dict[str, Any]] = json.loads(state.read_text())["checkpoint"]["latest"].get("pending_operations", [])
    return [str(each["resource"]["urn"]).rpartition("::")[2] for each in begun]


def test_an_engine_that_is_killed_while_it_makes_a_machine_and_what_the_readme_says_then(
    trial: Trial, tmp_path: Path
) -> None:
    """The state has no number of what was being made: an operator gives it, as README.md tells."""
    cluster, machine = trial.server.cluster, "compute-docker-2-vm"
    stack = trial.stack(trial.program())
    run = threading.Thread(target=lambda: trial.refused(lambda: stack.up(color="never")))
    with kept_waiting(cluster, SECOND) as made:
        run.start()
        wait_for(made.is_set, "the second machine is there", 240)
        wait_for(lambda: under_way(tmp_path) == [machine], "nothing but the second machine is being made")
        engine = next(each for each in psutil.Process().children(recursive=True) if each.name() == "pulumi")
        os.kill(engine.pid, signal.SIGKILL)
        run.join(120)
        assert not run.is_alive()

    stack.cancel()
    exported = stack.export_stack()
    deployment: dict[str, Any] = dict(exported.deployment or {})
    (begun,) = deployment.pop("pending_operations")
    assert begun["type"] == "creating"
    deployment["resources"].append({**begun["resource"], "id": f"pve2/{SECOND}"})
    exported.deployment = deployment
    stack.import_stack(exported)
    stack.refresh(color="never")
    goes_on(trial)
    made = [task["type"] for task in cluster.tasks.values() if str(task["id"]) == str(SECOND)]
    assert made.count("qmcreate") == 1
    assert "qmdestroy" not in made
