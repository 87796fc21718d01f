"""What a change of a machine's settings does to it, by the program's inputs and the provider; the guide has the table.

Against a simulated Proxmox API, whose tasks say whether a machine was started again.
"""

import re
from collections.abc import Callable, Generator, Mapping
from functools import cache
from typing import Any

import pytest

from components.compute import ComputeCluster
from sandbox.credentials import private_key
from sandbox.providers.changes import compare, without_ignored
from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from settings.compute import Compute
from tests import arguments
from tests.recording import ROOT, Declared, Recorder, record, stack_settings
from tests.unit.sandbox.proxmox import TOKEN, Running, running

GUIDE = ROOT / "docs" / "how-to" / "machines.md"
KEY = private_key()
VM, LXC = "compute-docker-1-vm", "compute-ns1-lxc"
_OTHER_IMAGE = {"url": "https://images.example.org/debian-14.qcow2"}

Change = Callable[[dict[str, Any]], None]


def _guests(key: str, change: Callable[[Any], Any]) -> Change:
    """A change of this setting of both guests."""

    def apply(compute: dict[str, Any]) -> None:
        for guest in (compute["vms"]["docker-1"], compute["containers"]["ns1"]):
            guest[key] = change(guest[key])

    return apply


def _whole(*path: str, value: Any) -> Change:
    """Another value of a setting that is not a guest's own."""

    def apply(compute: dict[str, Any]) -> None:
        place = compute
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return apply


def _two(*changes: Change) -> Change:
    def apply(compute: dict[str, Any]) -> None:
        for change in changes:
            change(compute)

    return apply


CHANGES: Mapping[str, Change] = {
    "`start_order`": _guests("start_order", lambda order: order + 1),
    "`firewall`, and every flow": _whole("firewall", "management_networks", value=("192.168.7.0/24",)),
    "a larger `disk_gib`": _guests("disk_gib", lambda size: size + 10),
    "`cpus`": _guests("cpus", lambda cpus: cpus + 1),
    "`memory_mib`": _guests("memory_mib", lambda memory: memory + 512),
    "`network.name_servers`, `search_domain`": _whole("network", "name_servers", value=("10.10.10.1",)),
    "`address`, `network.gateway`": _whole("network", "gateway", value="10.10.10.2"),
    "`network.bridge`, `vlan`": _whole("network", "vlan", value=99),
    "`node`": _guests("node", lambda _node: "pve2"),
    "`cloud_image`, `container_template`": _two(
        _whole("cloud_image", value=_OTHER_IMAGE), _whole("container_template", value=_OTHER_IMAGE)
    ),
    "`ssh.authorized_keys`": _whole("ssh", "authorized_keys", value=("ssh-ed25519 " + "A" * 68,)),
    "`pool`": _whole("pool", value="other"),
    "`id`": _guests("id", lambda number: number + 50),
    "a smaller `disk_gib`": _guests("disk_gib", lambda size: size - 1),
}
"""Settings under `luxima:compute` by what the guide calls them, and how each is changed."""


@cache
def _declared(name: str) -> Recorder:
    """The machines of dev, on two nodes, after a change; with no name as they are."""
    settings = stack_settings("dev")
    data = settings.compute.model_dump()
    data["nodes"]["pve2"] = {**data["nodes"]["pve1"], "address": "10.10.10.12"}
    if name:
        CHANGES[name](data)
    settings = settings.model_copy(update={"compute": Compute.model_validate(data)})

    def declare() -> None:
        ComputeCluster("compute", arguments.machines(settings, TOKEN, KEY))

    return record(declare)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    with running(tmp_path_factory.mktemp("proxmox")) as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(found.certificate))
        driver = _driver(found)
        for pool in ("luxima-dev", "other"):
            driver.handler("proxmoxve:index/poolLegacy:PoolLegacy").create(pool, {"poolId": pool, "comment": ""})
        file = {"contentType": "import", "datastoreId": "local", "nodeName": "pve1", "url": "https://h/image.qcow2"}
        driver.handler("proxmoxve:download/file:File").create(
            "image", {**file, "fileName": "image.qcow2", "overwrite": False}
        )
        yield found


def _driver(server: Running) -> ProxmoxDriver:
    driver = ProxmoxDriver()
    driver.configure({"endpoint": server.endpoint, "apiToken": TOKEN})
    return driver


def _inputs(each: Declared) -> dict[str, Any]:
    inputs = dict(each.inputs)
    if "disks" in inputs:
        inputs["disks"] = [{**disk, "importFrom": "local:import/image.qcow2"} for disk in inputs["disks"]]
        inputs["initialization"] = {**inputs["initialization"], "userDataFileId": "local:snippets/a.yaml"}
    else:
        inputs["operatingSystem"] = {**inputs["operatingSystem"], "templateFileId": "local:vztmpl/a.tar.zst"}
    return inputs


def _effect(server: Running, name: str, machine: str) -> str:
    """In one word, what the change does to the machine."""
    before, after = _declared("").named(machine), _declared(name).named(machine)
    old, new = _inputs(before), _inputs(after)
    driver = _driver(server)
    replacing = driver.handler(before.type).replaces(old, new)
    found = compare(old, new, replacing, lambda path, a, b: driver.handler(before.type).equal(path, a, b))
    found = without_ignored(found, _declared(name).ignored[after.identity])
    if not found:
        return "nothing"
    if any(change.replaces for change in found):
        return "**replaces**"
    if "disks" in old and new["disks"][0]["size"] < old["disks"][0]["size"]:
        return "refused"
    cluster = server.cluster
    resource, _ = driver.handler(before.type).create(machine, old)
    made = len(cluster.tasks)
    driver.handler(before.type).update(resource, old, new)
    kinds = {task["type"] for task in list(cluster.tasks.values())[made:]}
    driver.handler(before.type).delete(resource, new)
    if kinds & {"qmreboot", "vzreboot"}:
        return "restarts"
    return "moves" if "qmigrate" in kinds else "in place"


@pytest.mark.parametrize("name", CHANGES)
def test_the_guide_says_what_each_change_does(server: Running, name: str) -> None:
    row = f"| {name} | {_effect(server, name, VM)} | {_effect(server, name, LXC)} |"
    assert row in GUIDE.read_text(encoding="utf-8")


def test_the_token_of_the_guide_is_for_prods_guests_and_storages_and_for_nothing_else() -> None:
    compute, text = stack_settings("prod").compute, GUIDE.read_text(encoding="utf-8")

    def given(what: str) -> list[str]:
        (found,) = re.findall(rf"^for {what} in ([^;]+); do pveum acl modify ", text, re.MULTILINE)
        return found.split()

    guests = [*compute.vms.values(), *compute.containers.values()]
    assert given("id") == [str(guest.id) for guest in guests]
    assert set(given("storage")) == {compute.storage.disks, compute.storage.files}
    assert f"pveum acl modify /pool/{compute.pool} --users" in text
