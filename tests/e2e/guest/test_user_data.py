"""The user-data of a Docker host, on a machine that boots: Debian's kernel, systemd, cloud-init, OpenSSH and Docker.

The machine is emulated, so that it takes minutes. It reaches nobody, and its packages come from its own disk. What is
not shown here: Debian's own cloud image, Proxmox' network and cloud-init drive, the machine's firewall (the
hypervisor's, tests/e2e/providers), and k3s, which is not in the user-data but comes over SSH.
"""

import json
from collections.abc import Generator
from typing import Any

import pytest
import yaml

from components.cloud_init import DOCKER_HOST, TEXTFILES, user_data
from tests.e2e.guest.guest import RELEASE, Guest, booted, image, needs_root, new_key
from tests.waiting import wait_for
from versions import DEBIAN

pytestmark = [needs_root, pytest.mark.needs_tools, pytest.mark.long, pytest.mark.timeout(2400)]
HOST, USER = "docker-1", "luxima"
RESULT = "/run/cloud-init/result.json"
"""Written by cloud-init when it has done everything."""


def _written(key: str) -> str:
    return user_data(HOST, USER, [key], DOCKER_HOST)


DOCUMENT: dict[str, Any] = yaml.safe_load(_written("a key"))


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Generator[Guest]:
    with booted(image(DOCUMENT["packages"]), USER, _written, tmp_path_factory.mktemp("guest")) as found:
        wait_for(lambda: found.ssh(f"test -e {RESULT}").returncode == 0, "cloud-init ends", 1200)
        yield found


def test_cloud_init_does_all_of_it_without_an_error(guest: Guest) -> None:
    result = json.loads(guest.run(f"cat {RESULT}"))["v1"]
    assert result["errors"] == [], guest.run("sudo tail -n 60 /var/log/cloud-init-output.log")
    assert "NoCloud" in result["datasource"]
    assert guest.run("systemctl --failed --plain --no-legend") == ""
    release = guest.run(". /etc/os-release; echo $ID:$VERSION_ID $VERSION_CODENAME")
    assert release == f"{DEBIAN.reference} {RELEASE}"


def test_ssh_lets_in_the_key_of_the_settings_and_nobody_else(guest: Guest) -> None:
    refused = "Permission denied (publickey)."
    without = guest.ssh("true", "-o", "PubkeyAuthentication=no")
    assert (without.returncode, without.stderr.strip().endswith(refused)) == (255, True), without.stderr
    new_key(guest.folder / "other")
    assert refused in guest.ssh("true", "-i", str(guest.folder / "other")).stderr
    assert refused in guest.ssh("true", user="root").stderr
    assert guest.run(f"sudo passwd --status {guest.user}").split()[1] == "L"


def test_the_machine_is_named_and_its_user_may_do_all(guest: Guest) -> None:
    assert guest.run("hostname") == HOST
    assert guest.run(f"getent hosts {HOST}").startswith("127.0.1.1")
    assert set(DOCUMENT["users"][0]["groups"]) <= set(guest.run("id --name --groups").split())
    assert guest.run("sudo id --user") == "0"
    assert guest.run("date +%Z") == "UTC"


def test_every_file_is_as_written(guest: Guest) -> None:
    for file in DOCUMENT["write_files"]:
        path = file["path"]
        assert guest.run(f"sudo stat --format='0%a %U' {path}") == f"{file['permissions']} root"
        assert guest.run(f"sudo cat {path}") == file["content"].strip()


def test_sshd_has_taken_its_file(guest: Guest) -> None:
    told = (line.partition(" ") for line in guest.run("sudo sshd -T").splitlines())
    effective = {name: value for name, _, value in told}
    for name in ("passwordauthentication", "kbdinteractiveauthentication", "permitrootlogin", "x11forwarding"):
        assert effective[name] == "no"
    # containerd has a port of loopback.
    listening = [line.split()[3] for line in guest.run("ss --no-header -tln").splitlines()]
    assert {each.rpartition(":")[2] for each in listening if not each.startswith("127.")} == {"22"}


def test_every_package_is_there_and_docker_is_of_the_release_alone(guest: Guest) -> None:
    for package in DOCUMENT["packages"]:
        assert guest.run(f"dpkg-query --show --showformat='${{db:Status-Status}}' {package}") == "installed"
    assert " 990\n" in guest.run("apt-cache policy docker.io")
    assert guest.run("apt-config dump APT::Periodic::Unattended-Upgrade").endswith('"1";')


def test_docker_runs_as_its_file_says(guest: Guest) -> None:
    said = json.loads(guest.run("docker info --format '{{json .}}'"))
    assert said["LiveRestoreEnabled"]
    assert said["LoggingDriver"] == "json-file"
    assert "name=no-new-privileges" in said["SecurityOptions"]


def test_the_units_run(guest: Guest) -> None:
    for unit in ("ssh", "qemu-guest-agent", "docker", "tell-reboot.timer"):
        assert guest.run(f"systemctl is-active {unit}") == "active"
    for unit in ("ssh", "docker", "tell-reboot.timer"):
        assert guest.run(f"systemctl is-enabled {unit}") == "enabled"
    assert guest.ask_agent("guest-get-host-name") == {"host-name": HOST}


def test_it_tells_whether_an_update_waits_for_a_reboot(guest: Guest) -> None:
    wait_for(lambda: guest.ssh(f"test -e {TEXTFILES}/reboot.prom").returncode == 0, "the timer's first run")
    assert guest.run(f"tail -n 1 {TEXTFILES}/reboot.prom") == "node_reboot_required 0"
