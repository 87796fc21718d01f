"""The launcher of the simulated Proxmox API: what it takes, what it answers, what it remembers."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.servers import proxmox_api, proxmox_state
from sandbox.servers.proxmox_cluster import guest_interfaces, parse_bytes
from tests.unit.sandbox.proxmox import TOKEN, Running, running

DOWNLOAD = {"content": "import", "filename": "a.qcow2", "url": "https://images.example.org/a.qcow2"}
DISK = "file=local-lvm:0,import-from=local:import/a.qcow2"


def call(running_server: Running, verb: str, path: str, /, **data: Any) -> Any:
    answer = requests.request(
        verb,
        f"{running_server.endpoint}api2/json/{path}",
        headers={"Authorization": f"PVEAPIToken={TOKEN}"},
        verify=str(running_server.certificate),
        data=data,
        timeout=60,
    )
    assert answer.ok, answer.text
    return answer.json()["data"]


def with_vm(server: Running, **config: Any) -> None:
    call(server, "POST", "nodes/pve1/storage/local/download-url", **DOWNLOAD)
    call(server, "POST", "nodes/pve1/qemu", vmid=100, name="a", scsi0=DISK, ide2="file=local-lvm:cloudinit", **config)


def test_numbers_are_numbers_after_a_change_too(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with_vm(server, cores=2, onboot=1, cpulimit="1.5", net0="model=virtio,bridge=vmbr0")
        call(server, "POST", "nodes/pve1/qemu/100/config", cores="4", tablet="0", description="1", balloon="0")
        config = call(server, "GET", "nodes/pve1/qemu/100/config")
    assert (config["cores"], config["onboot"], config["tablet"], config["balloon"]) == (4, 1, 0, 0)
    assert config["cpulimit"] == 1.5
    assert config["description"] == "1"


def test_an_image_is_imported_and_its_disk_grows(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with_vm(server)
        config = call(server, "GET", "nodes/pve1/qemu/100/config")
        assert config["scsi0"] == "local-lvm:vm-100-disk-0,size=2G"
        assert config["ide2"] == "local-lvm:vm-100-cloudinit,media=cdrom,size=4M"
        call(server, "PUT", "nodes/pve1/qemu/100/resize", disk="scsi0", size="10G")
        call(server, "PUT", "nodes/pve1/qemu/100/resize", disk="scsi0", size="+1G")
        assert "size=11G" in call(server, "GET", "nodes/pve1/qemu/100/config")["scsi0"]
        with pytest.raises(AssertionError, match="shrinking disks is not supported"):
            call(server, "PUT", "nodes/pve1/qemu/100/resize", disk="scsi0", size="5G")


def test_a_running_guest_takes_devices_at_once_and_the_rest_at_its_next_start(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with_vm(server, cores=1)
        call(server, "POST", "nodes/pve1/qemu/100/status/start")
        call(server, "POST", "nodes/pve1/qemu/100/config", cores=2, scsi1="local-lvm:5", net0="virtio,bridge=vmbr0")
        vm = server.cluster.vm(100)
        assert vm.config["scsi1"] == "local-lvm:vm-100-disk-1,size=5G"
        assert vm.config["net0"].startswith("virtio=")
        assert vm.pending == {"cores": 2}
        call(server, "POST", "nodes/pve1/qemu/100/status/reboot")
        assert (vm.config["cores"], vm.pending) == (2, {})


def test_the_agent_reports_the_addresses_of_cloud_init(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with_vm(server, net0="virtio,bridge=vmbr0", ipconfig0="ip=192.0.2.10/24,gw=192.0.2.1", agent="enabled=1")
        call(server, "POST", "nodes/pve1/qemu/100/status/start")
        found = call(server, "GET", "nodes/pve1/qemu/100/agent/network-get-interfaces")["result"]
    assert [entry["name"] for entry in found] == ["lo", "eth0"]
    assert found[1]["ip-addresses"] == [{"ip-address": "192.0.2.10", "ip-address-type": "ipv4", "prefix": 24}]
    assert guest_interfaces(7, {"net0": "virtio,bridge=vmbr0"})[1]["ip-addresses"][0]["ip-address"] == "192.0.2.8"


def test_a_final_slash_is_dropped(tmp_path: Path) -> None:
    """The official plugin removes a VM with `DELETE …/qemu/100/?purge=1`: the VM is gone, or the answer is an error."""
    with running(tmp_path, state=tmp_path / "cluster.json") as server:
        with_vm(server)
        call(server, "DELETE", "nodes/pve1/qemu/100/?purge=1&destroy-unreferenced-disks=1")
        assert server.cluster.vms == []
        with pytest.raises(AssertionError, match="does not exist"):
            call(server, "DELETE", "nodes/pve1/qemu/100/")
        assert call(server, "GET", "nodes/pve1/qemu/") == []
    with running(tmp_path, state=tmp_path / "cluster.json") as server:
        assert server.cluster.vms == []


def with_container(server: Running, **config: Any) -> None:
    template = {**DOWNLOAD, "content": "vztmpl", "filename": "debian-12.tar.zst"}
    call(server, "POST", "nodes/pve1/storage/local/download-url", **template)
    call(server, "POST", "nodes/pve1/lxc", vmid=200, ostemplate="local:vztmpl/debian-12.tar.zst", storage="local-lvm",
         rootfs="local-lvm:4", **config)  # fmt: skip


def test_a_containers_description_ends_with_a_newline_a_vms_does_not(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with_vm(server, description="web")
        with_container(server, description="one\ntwo", ostype="debian")
        assert call(server, "GET", "nodes/pve1/lxc/200/config")["description"] == "one\ntwo\n"
        call(server, "PUT", "nodes/pve1/lxc/200/config", description="three\n")
        assert call(server, "GET", "nodes/pve1/lxc/200/config")["description"] == "three\n"
        pending = {item["key"]: item.get("value") for item in call(server, "GET", "nodes/pve1/lxc/200/pending")}
        assert pending["description"] == "three\n"
        assert call(server, "GET", "nodes/pve1/qemu/100/config")["description"] == "web"


def test_a_containers_system_is_what_was_said_not_what_its_template_is_called(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with pytest.raises(AssertionError, match="ostype"):
            with_container(server)
        with_container(server, ostype="alpine")
        assert call(server, "GET", "nodes/pve1/lxc/200/config")["ostype"] == "alpine"


def test_a_clone_has_a_card_a_cloud_init_drive_and_a_firewall_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with_vm(server, agent="enabled=1", net0="virtio,bridge=vmbr0", tags="a;b")
        call(server, "POST", "nodes/pve1/qemu/100/firewall/rules", type="in", action="DROP", enable=1)
        call(server, "POST", "nodes/pve1/qemu/100/status/start")
        tasks = [call(server, "POST", "nodes/pve1/qemu/100/clone", newid=101, full=1)]
        vm, source = server.cluster.vm(101), server.cluster.vm(100)
        assert vm.config["ide2"] == "local-lvm:vm-101-cloudinit,media=cdrom,size=4M"
        assert vm.config["net0"] != source.config["net0"]
        assert vm.config["tags"] == "a;b"
        assert server.cluster.firewall["guests"][101] == server.cluster.firewall["guests"][100]
        source.agent_hangs = True
        tasks.append(call(server, "POST", "nodes/pve1/qemu/100/clone", newid=102, full=1))
        source.config["agent"] = "enabled=0"
        tasks.append(call(server, "POST", "nodes/pve1/qemu/100/clone", newid=103, full=1))
        logs = [" ".join(server.cluster.tasks[task]["log"]) for task in tasks]
    for log, said in zip(logs, ("'guest-fsfreeze-freeze'", "configured but not running", "disabled"), strict=True):
        assert said in log
    assert "suspend vm" not in logs[0]


def test_a_disk_goes_to_another_vm_and_out_of_the_order_of_boot(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with_vm(server, boot="order=scsi0;net0")
        call(server, "POST", "nodes/pve1/qemu", vmid=101, name="b", scsi0="local-lvm:5")
        call(server, "POST", "nodes/pve2/qemu", vmid=102, name="c")
        move = "nodes/pve1/qemu/100/move_disk"
        for wrong, sentence in (
            ({"target-vmid": 101}, "already in use"),
            ({"target-vmid": 102}, "same node"),
            ({"target-vmid": 103}, "could not find"),
        ):
            with pytest.raises(AssertionError, match=sentence):
                call(server, "POST", move, disk="scsi0", **wrong)
        call(server, "POST", move, **{"disk": "scsi0", "target-vmid": 101, "target-disk": "unused0"})
        first, second = server.cluster.vm(100), server.cluster.vm(101)
        assert ("scsi0" in first.config, first.config["boot"]) == (False, "order=net0")
        assert second.config["unused0"] == "local-lvm:vm-101-disk-1"
        call(server, "POST", "nodes/pve1/qemu/101/status/start")
        with pytest.raises(AssertionError, match="while the source VM is running"):
            call(server, "POST", "nodes/pve1/qemu/101/move_disk", **{"disk": "scsi0", "target-vmid": 100})
        call(server, "POST", "nodes/pve1/qemu/100/template")
        with pytest.raises(AssertionError, match="from or to template"):
            call(server, "POST", "nodes/pve1/qemu/101/move_disk", **{"disk": "unused0", "target-vmid": 100})


def test_metadata_of_a_url_agree_with_its_download(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        call(server, "POST", "nodes/pve1/storage/local/download-url", **DOWNLOAD)
        size = call(server, "GET", "nodes/pve1/storage/local/content")[0]["size"]
        metadata = call(server, "GET", f"nodes/pve1/query-url-metadata?url={DOWNLOAD['url']}")
    assert metadata == {"filename": "a.qcow2", "mimetype": "application/octet-stream", "size": size}


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    state = tmp_path / "cluster.json"
    with running(tmp_path, state=state) as server:
        call(server, "POST", "pools", poolid="tests", comment="kept")
        with_vm(server, cores=2, pool="tests")
        call(server, "POST", "nodes/pve1/qemu/100/status/start")
        call(server, "POST", "nodes/pve1/qemu/100/config", cores=3)
        call(server, "POST", "nodes/pve1/qemu/100/firewall/rules", type="in", action="DROP", enable=1)
        call(server, "PUT", "cluster/firewall/options", enable=1)
        call(server, "POST", "cluster/ha/resources", sid="vm:100", state="started")
        before = proxmox_state.snapshot(server.cluster)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    with running(tmp_path, state=state) as server:
        assert proxmox_state.snapshot(server.cluster) == before
        assert server.cluster.vm(100).pending == {"cores": 3}
        assert call(server, "GET", "pools/tests")["comment"] == "kept"
        assert call(server, "GET", "nodes/pve1/qemu/100/firewall/rules")[0]["action"] == "DROP"
        assert call(server, "GET", "cluster/ha/resources/vm:100")["state"] == "started"
        call(server, "POST", "nodes/pve1/qemu/100/status/stop")
        call(server, "DELETE", "nodes/pve1/qemu/100")
    with running(tmp_path, state=state) as server:
        assert server.cluster.vms == []


def test_a_request_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    state = tmp_path / "cluster.json"
    with running(tmp_path, state=state) as server:
        call(server, "GET", "nodes")
        assert not state.exists()


@pytest.mark.parametrize("content", ["{", '{"version": 99}', '{"version": 2}', "[]"])
def test_a_state_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    state = tmp_path / "cluster.json"
    state.write_text(content)
    with pytest.raises(ValueError, match=r"cluster\.json: .* delete the file"), running(tmp_path, state=state):
        raise AssertionError("it started")


def test_only_the_token_opens(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        for headers in ({}, {"Authorization": "PVEAPIToken=root@pam!tests=wrong"}):
            answer = requests.get(
                f"{server.endpoint}api2/json/version", headers=headers, verify=str(server.certificate), timeout=60
            )
            assert answer.status_code == 401
        login = requests.post(
            f"{server.endpoint}api2/json/access/ticket",
            data={"username": "root@pam", "password": "secret"},
            verify=str(server.certificate),
            timeout=60,
        )
        assert login.status_code == 401


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--host", "0.0.0.0", "--host: 0.0.0.0: give a loopback address"),  # noqa: S104 - refused
        ("--host", "example.org", "--host: invalid loopback value"),
        ("--token-file", "root@pam!a=s3cr3t", "--token-file: its API token is not of the form user@realm!name=uuid"),
    ],
)
def test_a_wrong_option_is_told(
    option: str,
    value: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "token").write_text(value)
    given = str(tmp_path / "token") if option == "--token-file" else value
    monkeypatch.setattr(sys, "argv", ["proxmox_api", option, given])
    with pytest.raises(SystemExit):
        proxmox_api.main()
    told = capsys.readouterr().err
    assert said in told
    assert "s3cr3t" not in told


def test_the_process_says_when_it_is_ready_and_ends_on_a_signal(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        certificate = server.certificate
    token = tmp_path / "token"
    token.write_text(TOKEN)
    command = [
        *(sys.executable, "-m", "sandbox.servers.proxmox_api", "--host", "127.0.0.1", "--port", "0"),
        *("--cert", str(certificate), "--key", str(certificate.with_suffix(".key")), "--nodes", "a,b"),
        *("--disks", "fast", "--files", "local", "--state", str(tmp_path / "state"), "--token-file", str(token)),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    try:
        assert process.stdout is not None
        ready, _, endpoint = process.stdout.readline().strip().partition(" ")
        assert ready == "ready"
        live = Running(None, endpoint, certificate)
        assert [node["node"] for node in call(live, "GET", "nodes")] == ["a", "b"]
        assert TOKEN.split("=")[1] not in Path(f"/proc/{process.pid}/cmdline").read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(60)


@pytest.mark.parametrize(("text", "value"), [("1G", 1024**3), ("1.5K", 1536), ("10", 10)])
def test_sizes_are_read(text: str, value: int) -> None:
    assert parse_bytes(text) == value
