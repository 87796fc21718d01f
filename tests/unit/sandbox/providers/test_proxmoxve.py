"""What is refused of guests and of the other types, and what replaces."""

from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.providers import proxmoxve
from sandbox.providers.base import UNKNOWN, ProviderError
from sandbox.providers.proxmoxve import options
from sandbox.providers.proxmoxve.driver import ProxmoxDriver
from sandbox.providers.proxmoxve.settings import settings
from tests.unit.sandbox.guests import CONTAINER, CONTAINER_TOKEN, VM, VM_TOKEN, changed

NOTHING = frozenset[str]()


def wrong(token: str, inputs: dict[str, Any]) -> list[str]:
    """Paths of what is refused."""
    return [at for at, _ in ProxmoxDriver().handler(token).check(inputs)]


def disk(**values: Any) -> dict[str, Any]:
    return {"disks": [{**VM["disks"][0], **values}]}


@pytest.mark.parametrize(
    ("path", "inputs"),
    [
        ("name", {"name": "under_score"}),
        ("vmId", {"vmId": 99}),
        ("vmId", {"vmId": 1000000000}),
        ("cpu.cores", {"cpu": {"cores": 0}}),
        ("cpu.type", {"cpu": {"type": "x86-64-v9"}}),
        ("memory.dedicated", {"memory": {"dedicated": 32}}),
        ("disks[0].interface", disk(interface="scsi31")),
        ("disks[0].size", disk(size=0)),
        ("disks[0].importFrom", disk(importFrom="debian.qcow2")),
        ("disks[0].importFrom", disk(importFrom=None)),
        ("networkDevices[0].model", {"networkDevices": [{"model": "e100"}]}),
        ("networkDevices[0].vlanId", {"networkDevices": [{"vlanId": 4095}]}),
        ("initialization.dns.servers[1]", {
            "initialization": {**VM["initialization"], "dns": {"servers": ["192.0.2.1", "ns1"]}},
        }),
        ("operatingSystem.type", {"operatingSystem": {"type": "linux"}}),
        ("scsiHardware", {"scsiHardware": "virtio"}),
        ("agent.timeout", {"agent": {"timeout": "15 minutes"}}),
        ("serialDevices[0].device", {"serialDevices": [{"device": "tty"}]}),
        ("tags[0]", {"tags": [""]}),
        ("vmId", {"vmId": None}),
    ],
)  # fmt: skip
def test_a_wrong_vm_value_is_named(path: str, inputs: dict[str, Any]) -> None:
    assert wrong(VM_TOKEN, changed(VM, **inputs)) == [path]


@pytest.mark.parametrize(
    ("token", "path", "inputs"),
    [
        (VM_TOKEN, "bios", changed(VM, bios="ovmf")),
        (VM_TOKEN, "cpu.numa", changed(VM, cpu={"cores": 2, "numa": True})),
        (VM_TOKEN, "disks[0].cache", changed(VM, **disk(cache="none"))),
        (VM_TOKEN, "hostpcis[0].device", changed(VM, hostpcis=[{"device": "hostpci0"}])),
        (CONTAINER_TOKEN, "features.nesting", changed(CONTAINER, features={"nesting": True})),
        (CONTAINER_TOKEN, "template", changed(CONTAINER, template=False)),
    ],
)
def test_what_no_stack_declares_is_refused(token: str, path: str, inputs: dict[str, Any]) -> None:
    assert ProxmoxDriver().handler(token).check(inputs) == [
        (path, "is not done by the local provider; use the official plugin")
    ]


@pytest.mark.parametrize("name", ["index/hagroup:Hagroup", "firewall/aliasLegacy:AliasLegacy", "backup/job:Job"])
def test_a_type_that_no_stack_declares_is_refused(name: str) -> None:
    with pytest.raises(ProviderError, match=f"the local proxmoxve provider does not drive proxmoxve:{name}; use"):
        ProxmoxDriver().handler(f"proxmoxve:{name}")


def test_good_and_unknown_values_are_not_complained_about() -> None:
    assert wrong(VM_TOKEN, VM) == []
    assert wrong(CONTAINER_TOKEN, CONTAINER) == []
    assert wrong(VM_TOKEN, changed(VM, **disk(importFrom=UNKNOWN), name=UNKNOWN)) == []
    assert wrong(VM_TOKEN, changed(VM, disks=UNKNOWN, initialization=UNKNOWN)) == []


@pytest.mark.parametrize(
    ("path", "inputs"),
    [
        ("initialization.hostname", {"initialization": {"hostname": "a_b"}}),
        ("initialization.hostname", {"initialization": {}}),
        ("operatingSystem.type", {"operatingSystem": {"templateFileId": "local:vztmpl/a.tar.zst", "type": "debian12"}}),
        ("operatingSystem.type", {"operatingSystem": {"templateFileId": "local:vztmpl/a.tar.zst"}}),
        ("memory.dedicated", {"memory": {"dedicated": 8}}),
        ("disk.size", {"disk": {"datastoreId": "local-lvm"}}),
    ],
)
def test_a_wrong_container_value_is_named(path: str, inputs: dict[str, Any]) -> None:
    assert wrong(CONTAINER_TOKEN, {**CONTAINER, **inputs}) == [path]


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"nodeName": "pve2"}, {"nodeName"}),
        ({"vmId": 102}, {"vmId"}),
        ({"cpu": {"cores": 8}}, NOTHING),
        ({"disks": [{**VM["disks"][0], "importFrom": "local:import/b.qcow2", "size": 30}]}, NOTHING),
        ({"initialization": {**VM["initialization"], "userDataFileId": "local:snippets/b.yaml"}},
         {"initialization.userDataFileId"}),
        ({"initialization": {**VM["initialization"], "userDataFileId": UNKNOWN}}, {"initialization.userDataFileId"}),
        ({"initialization": {**VM["initialization"], "interface": "ide0"}}, NOTHING),
    ],
)  # fmt: skip
def test_what_makes_another_vm(change: dict[str, Any], paths: set[str]) -> None:
    assert ProxmoxDriver().handler(VM_TOKEN).replaces(VM, changed(VM, **change)) == paths


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"nodeName": "pve2"}, {"nodeName"}),
        ({"unprivileged": False}, {"unprivileged"}),
        ({"disk": {"datastoreId": "local-lvm", "size": 4}}, {"disk.size"}),
        ({"disk": {"datastoreId": "local-lvm", "size": 16}}, NOTHING),
        ({"disk": {"datastoreId": "slow", "size": 8}}, {"disk.datastoreId"}),
        ({"disk": UNKNOWN}, {"disk.datastoreId"}),
        ({"poolId": "other"}, {"poolId"}),
        ({"vmId": 202}, {"vmId"}),
        ({"operatingSystem": {**CONTAINER["operatingSystem"], "templateFileId": "local:vztmpl/b.tar.zst"}},
         {"operatingSystem.templateFileId"}),
        ({"operatingSystem": {**CONTAINER["operatingSystem"], "type": "ubuntu"}}, {"operatingSystem.type"}),
        ({"initialization": {**CONTAINER["initialization"], "userAccount": {"keys": ["x"]}}},
         {"initialization.userAccount.keys"}),
        ({"memory": {"dedicated": 1024}}, NOTHING),
    ],
)  # fmt: skip
def test_what_makes_another_container(change: dict[str, Any], paths: set[str]) -> None:
    assert ProxmoxDriver().handler(CONTAINER_TOKEN).replaces(CONTAINER, changed(CONTAINER, **change)) == paths


def test_another_image_changes_nothing() -> None:
    driver = ProxmoxDriver()
    assert driver.handler(VM_TOKEN).equal("disks.importFrom", "local:import/a.qcow2", "local:import/b.qcow2")
    assert not driver.handler(VM_TOKEN).equal("disks.size", 20, 30)


def test_the_order_of_tags_means_nothing() -> None:
    found = ProxmoxDriver().handler(VM_TOKEN).defaults({"name": "web", "tags": ["b", "a"]})
    assert found["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({}, "endpoint"),
        ({"endpoint": "http://127.0.0.2:8006/", "apiToken": "root@pam!ab=1"}, "endpoint"),
        ({"endpoint": "https://127.0.0.2:8006/"}, "apiToken"),
        ({"endpoint": "https://127.0.0.2:8006/", "apiToken": "root@pam!a=s3cr3t"}, "apiToken"),
        ({"endpoint": "https://127.0.0.2:8006/", "apiToken": "root@pam!ab=s3cr3t", "insecure": True}, "insecure"),
    ],
)
def test_a_wrong_provider_input_is_named_without_the_token(variables: dict[str, Any], word: str) -> None:
    with pytest.raises(ProviderError, match=word) as raised:
        settings(variables)
    assert "s3cr3t" not in str(raised.value)


def test_configuring_asks_no_server() -> None:
    ProxmoxDriver().configure({"endpoint": "https://127.0.0.2:1/", "apiToken": "root@pam!ab=1-2"})


UPLOAD = {
    "datastoreId": "local",
    "nodeName": "pve1",
    "contentType": "snippets",
    "sourceRaw": {"data": "#cloud-config", "fileName": "web.yaml"},
}


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProxmoxDriver:
    monkeypatch.setenv("LUXIMA_SANDBOX_DIR", str(tmp_path))
    return ProxmoxDriver()


def test_an_upload_is_recorded_under_the_id_that_configs_refer_to(uploads: ProxmoxDriver, tmp_path: Path) -> None:
    token = proxmoxve.RECORDED
    assert uploads.handler(token).check(UPLOAD) == []
    assert uploads.handler(token).preview(UPLOAD)["fileName"] == UNKNOWN
    made, outputs = uploads.handler(token).create("web", UPLOAD)
    assert made == "local:snippets/web.yaml"
    assert uploads.handler(token).read(made, UPLOAD, {}) == (UPLOAD, outputs)
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [b""], "the content is secret"


def test_a_second_upload_of_a_name_is_refused_until_the_first_is_removed(uploads: ProxmoxDriver) -> None:
    token = proxmoxve.RECORDED
    made, outputs = uploads.handler(token).create("web", UPLOAD)
    with pytest.raises(ProviderError, match=r"file local:snippets/web\.yaml already exists on node pve1"):
        uploads.handler(token).create("web", changed(UPLOAD, sourceRaw={"data": "other", "fileName": "web.yaml"}))
    uploads.handler(token).create("web", changed(UPLOAD, nodeName="pve2"))
    uploads.handler(token).delete(made, outputs)
    uploads.handler(token).delete(made, outputs)
    assert uploads.handler(token).read(made, UPLOAD, outputs) is None
    uploads.handler(token).create("web", UPLOAD)


FILE = {
    "contentType": "import",
    "url": "https://h/f",
    "nodeName": "n",
    "datastoreId": "d",
    "fileName": "f",
    "overwrite": False,
}
POOL_TOKEN = "proxmoxve:index/poolLegacy:PoolLegacy"
FILE_TOKEN = "proxmoxve:download/file:File"


@pytest.mark.parametrize("path", ["contentType", "datastoreId", "nodeName", "sourceRaw.data", "sourceRaw.fileName"])
def test_whatever_changes_makes_another_upload(path: str) -> None:
    name, _, inner = path.partition(".")
    value = {**cast("dict[str, str]", UPLOAD[name]), inner: "other"} if inner else "other"
    assert ProxmoxDriver().handler(proxmoxve.RECORDED).replaces(UPLOAD, changed(UPLOAD, **{name: value})) == {path}


@pytest.mark.parametrize(
    "name", ["checksum", "checksumAlgorithm", "contentType", "datastoreId", "fileName", "nodeName", "url"]
)
def test_whatever_changes_makes_another_download(name: str) -> None:
    assert ProxmoxDriver().handler(FILE_TOKEN).replaces(FILE, changed(FILE, **{name: "other"})) == {name}


def test_a_pool_is_replaced_by_its_name_only() -> None:
    old, new = {"poolId": "a", "comment": "x"}, {"poolId": "b", "comment": "y"}
    assert ProxmoxDriver().handler(POOL_TOKEN).replaces(old, new) == {"poolId"}


@pytest.mark.parametrize("token", sorted(ProxmoxDriver().handlers))
def test_a_replacement_is_made_before_the_old_one_goes(token: str) -> None:
    assert not ProxmoxDriver().handler(token).deletes_first


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        ("index/poolLegacy:PoolLegacy", {"poolId": "1st"}, "poolId"),
        ("download/file:File", {**FILE, "contentType": "iso"}, "contentType"),
        ("download/file:File", {**FILE, "url": "ftp://h/f"}, "url"),
        ("download/file:File", {**FILE, "checksum": "0"}, "checksum"),
        ("download/file:File", {**FILE, "fileName": None}, "fileName"),
        ("download/file:File", {**FILE, "verify": False}, "verify"),
        ("download/file:File", {**FILE, "overwrite": True}, "overwrite"),
        ("index/fileLegacy:FileLegacy", {"contentType": "snippets", "datastoreId": "d", "nodeName": "n"}, "sourceRaw"),
    ],
)
def test_a_wrong_value_of_other_types_is_named(token: str, inputs: dict[str, Any], path: str) -> None:
    assert wrong(f"proxmoxve:{token}", inputs) == [path]


@pytest.mark.parametrize(("text", "value"), [("20G", 20), ("512M", 0.5), ("2T", 2048), (str(3 * 1024**3), 3)])
def test_sizes_are_read(text: str, value: float) -> None:
    assert options.gigabytes(text) == value
