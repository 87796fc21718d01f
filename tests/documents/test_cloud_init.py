"""User-data, read by cloud-init itself; what lies on the cluster's machines, read by the programs that will read it.

systemd judges the unit, shellcheck the steps' scripts, a kubelet and an API server the arguments that k3s hands them.
k3s itself is not run: its own options are compared with those that its documentation names.
"""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from components.cloud_init import DOCKER_HOST, TEXTFILES, UPDATES, CloudConfig, CloudFile, user_data
from components.kubernetes import hardening, steps
from components.kubernetes.k3s import TOKEN_FILE, cloud_configs, config, files, k3s_vms
from components.kubernetes.kube_vip import kube_vip
from settings import Settings
from tests.recording import STACKS, stack_settings
from tools import ensure

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

_REGISTRY = "registry.dev.luxima.local"
_AGENT = {"kubelet-arg", "node-ip", "node-name", "protect-kernel-defaults", "server", "token-file"}
_SERVER = {
    *("cluster-cidr", "disable", "etcd-expose-metrics", "etcd-s3", "etcd-s3-config-secret", "etcd-snapshot-retention"),
    *("etcd-snapshot-schedule-cron", "kube-apiserver-arg", "kube-controller-manager-arg", "node-taint"),
    *("secrets-encryption", "service-cidr", "tls-san", "write-kubeconfig-mode"),
}
"""Options that https://docs.k3s.io/cli/agent and /cli/server name; a server takes an agent's, too."""


def _render(role: CloudConfig) -> dict[str, Any]:
    text = user_data("k3s-server-1", "luxima", [_KEY], role)
    assert text.startswith("#cloud-config\n")
    return cast("dict[str, Any]", yaml.load(text, yaml.CSafeLoader))


def _read_by(command: list[str | Path], text: str = "") -> None:
    result = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def _cluster(stack: str) -> tuple[Settings, list[str]]:
    settings = stack_settings(stack)
    return settings, list(k3s_vms(settings.compute))


def test_a_machine_lets_in_only_the_keys_it_was_given() -> None:
    document = _render(CloudConfig())
    assert document["ssh_pwauth"] is False
    (user,) = document["users"]
    assert user["ssh_authorized_keys"] == [_KEY]
    assert user["lock_passwd"] is True
    (sshd,) = [each for each in document["write_files"] if "sshd" in each["path"]]
    assert "PasswordAuthentication no" in sshd["content"]


def test_a_file_keeps_its_mode_and_its_text() -> None:
    text = "a: 'b'\n\tc: \"%d\" # $HOME {{ jinja }}\n"
    document = _render(CloudConfig(files=[CloudFile("/etc/x", text, "0600")]))
    assert document["write_files"][-1] == {"path": "/etc/x", "content": text, "permissions": "0600"}


def test_a_docker_host_has_docker_and_no_listening_engine() -> None:
    document = _render(DOCKER_HOST)
    assert "docker.io" in document["packages"]
    assert "docker" in document["users"][0]["groups"]
    (daemon,) = [each for each in document["write_files"] if each["path"] == "/etc/docker/daemon.json"]
    said = json.loads(daemon["content"])
    assert "hosts" not in said
    hardened = {"live-restore": True, "no-new-privileges": True, "icc": False, "userland-proxy": False}
    assert hardened.items() <= said.items()
    assert said["log-opts"].keys() >= {"max-size", "max-file"}


@pytest.mark.parametrize(("release", "priority"), [("trixie", 990), ("trixie-security", 990), ("forky", -1)])
def test_docker_comes_from_debians_release_alone(release: str, priority: int, tmp_path: Path) -> None:
    """apt itself reads the preferences: the same package of another release is never taken."""
    (pins,) = [each.content for each in DOCKER_HOST.files if "preferences" in each.path]
    lists = tmp_path / "lists"
    (lists / "partial").mkdir(parents=True)
    (tmp_path / "sources.list").write_text("deb [trusted=yes] http://example.org stable main\n")
    (tmp_path / "pins").write_text(pins)
    (tmp_path / "status").touch()
    name = "example.org_dists_stable"
    (lists / f"{name}_InRelease").write_text(f"Origin: Debian\nSuite: stable\nCodename: {release}\n")
    (lists / f"{name}_main_binary-amd64_Packages").write_text(
        "Package: docker.io\nVersion: 99\nArchitecture: amd64\nMaintainer: Nobody <no@example.org>\n"
        "Filename: docker.deb\nSize: 1\nDescription: test\n"
    )
    options = {
        "Dir::State::lists": lists,
        "Dir::State::status": tmp_path / "status",
        "Dir::Etc::sourcelist": tmp_path / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": tmp_path / "pins",
        "Dir::Etc::preferencesparts": "-",
        "Dir::Cache": tmp_path,
        "APT::Architecture": "amd64",
    }
    given = [f"-o{key}={value}" for key, value in options.items()]
    said = subprocess.run(["apt-cache", *given, "policy", "docker.io"], capture_output=True, text=True, check=True)
    assert re.search(rf"^ +99 {priority}$", said.stdout, re.MULTILINE), said.stdout


def test_a_machine_tells_whether_an_update_waits_for_a_reboot(tmp_path: Path) -> None:
    (script,) = [each.content for each in UPDATES.files if each.permissions == "0755"]
    here = script.replace(TEXTFILES, str(tmp_path / "textfiles")).replace("/run/", f"{tmp_path}/")
    for waits in (0, 1):
        _read_by(["sh", "-c", here])
        text = (tmp_path / "textfiles" / "reboot.prom").read_text()
        assert text.endswith(f"\nnode_reboot_required {waits}\n")
        (tmp_path / "reboot-required").touch()


@pytest.mark.needs_tools
def test_cloud_init_takes_the_user_data_of_every_machine(tmp_path: Path) -> None:
    texts: set[str] = set()
    for settings in map(stack_settings, STACKS):
        configs = cloud_configs(settings.kubernetes, settings.compute)
        # Machines of a role differ in nothing but names.
        roles = [configs.get(vm, DOCKER_HOST) for vm in settings.compute.vms]
        texts |= {user_data("machine", settings.compute.ssh.user, [_KEY], role) for role in roles}
    assert len(texts) > 1
    for text in texts:
        (tmp_path / "user-data").write_text(text)
        _read_by([ensure("cloud-init")["cloud-init"], "schema", "--config-file", tmp_path / "user-data"])


@pytest.mark.needs_tools
@pytest.mark.parametrize("stack", STACKS)
def test_shellcheck_finds_nothing_in_the_steps(stack: str) -> None:
    settings, vms = _cluster(stack)
    scripts = [
        *(steps.node(settings.kubernetes, settings.compute, vm, _REGISTRY) for vm in vms),
        steps.admit(vms[0]),
        steps.authority(),
        steps.admission(settings.compute, vms[0]),
        steps.admission(settings.compute, vms[0], lets_in=False),
        steps.found(vms[0]),
        steps.trust(vms[0]),
        steps.kubeconfig(settings.kubernetes, vms[0]),
    ]
    # Each has a part that all share, of which it does not use all.
    command: list[str | Path] = [ensure("shellcheck")["shellcheck"], "--shell=bash", "--severity=warning"]
    for script in scripts:
        _read_by([*command, "--exclude=SC2034", "-"], script)
        # The shell that it is given to gets it as one argument, for which Linux has 128 KiB.
        assert len(f"sudo bash -c {shlex.quote(script)}".encode()) < 128 * 1024


@pytest.mark.parametrize("stack", STACKS)
def test_systemd_takes_the_unit(stack: str, tmp_path: Path) -> None:
    settings, vms = _cluster(stack)
    for vm in (vms[0], vms[-1]):
        (text,) = [
            each.content
            for each in files(settings.kubernetes, settings.compute, vm, _REGISTRY)
            if "systemd" in each.path
        ]
        unit = tmp_path / "k3s.service"
        unit.write_text(text.replace("/usr/local/bin/k3s", "/bin/true").replace("/sbin/modprobe", "/bin/true"))
        _read_by(["systemd-analyze", "verify", "--man=no", unit])


def test_systemd_takes_what_tells_of_a_reboot(tmp_path: Path) -> None:
    units: list[str | Path] = []
    for file in UPDATES.files:
        if file.path.startswith("/etc/systemd/"):
            units.append(tmp_path / Path(file.path).name)
            (tmp_path / Path(file.path).name).write_text(
                file.content.replace("/usr/local/sbin/tell-reboot", "/bin/true")
            )
    assert len(units) == 2
    _read_by(["systemd-analyze", "verify", "--man=no", *units])


@pytest.mark.parametrize("stack", STACKS)
def test_a_step_writes_every_file_as_it_is(stack: str, tmp_path: Path) -> None:
    settings, vms = _cluster(stack)
    for vm in vms:
        root = tmp_path / vm
        script = steps.node(settings.kubernetes, settings.compute, vm, _REGISTRY)
        functions = script[script.index("put() {") : script.index("# What all steps")]
        _read_by(["bash", "-c", f"set -eu; ROOT={root}\n{functions}\nfiles"])
        for file in files(settings.kubernetes, settings.compute, vm, _REGISTRY):
            assert (root / file.path[1:]).read_text().rstrip("\n") == file.content.rstrip("\n")
            assert (root / file.path[1:]).stat().st_mode & 0o777 == int(file.permissions, 8)


@pytest.mark.parametrize("stack", STACKS)
def test_k3s_knows_every_option_that_it_is_given(stack: str) -> None:
    settings, vms = _cluster(stack)
    for vm in vms:
        known = _AGENT | _SERVER if vm in settings.compute.by_role("k3s_server") else _AGENT
        assert config(settings.kubernetes, settings.compute, vm).keys() <= known


@pytest.mark.needs_tools
@pytest.mark.parametrize(
    ("program", "given"),
    [
        ("kube-apiserver", hardening.API_SERVER),
        ("kube-controller-manager", hardening.CONTROLLER_MANAGER),
        ("kubelet", hardening.KUBELET),
    ],
)
def test_the_programs_in_k3s_know_their_arguments(program: str, given: tuple[str, ...]) -> None:
    done = subprocess.run([ensure(program)[program], "--help"], capture_output=True, text=True, check=False)
    known = set(re.findall(r"--([a-z0-9-]+)", done.stdout + done.stderr))
    assert {each.partition("=")[0] for each in given} <= known


def test_only_an_agents_configuration_says_which_cluster_it_joins() -> None:
    settings, vms = _cluster("prod")
    documents = {vm: config(settings.kubernetes, settings.compute, vm) for vm in vms}
    joining = {vm for vm, document in documents.items() if document.keys() & {"server", "cluster-init"}}
    assert joining == settings.compute.by_role("k3s_agent").keys()
    assert all(document["token-file"] == TOKEN_FILE and "token" not in document for document in documents.values())
    # A changed route reaches the gateways' pods within seconds.
    assert all("sync-frequency=10s" in document["kubelet-arg"] for document in documents.values())


def test_kube_vip_holds_the_address_of_the_settings() -> None:
    settings = stack_settings("dev")
    *_, daemon_set = kube_vip(settings.kubernetes)
    (container,) = daemon_set["spec"]["template"]["spec"]["containers"]
    assert {"name": "address", "value": settings.kubernetes.api_address} in container["env"]
    assert daemon_set["spec"]["template"]["spec"]["nodeSelector"] == {"node-role.kubernetes.io/control-plane": "true"}


def test_a_services_address_is_held_by_a_node_that_has_one_of_its_pods() -> None:
    *_, services, servers = kube_vip(stack_settings("dev").kubernetes)
    found = {
        each["metadata"]["name"]: {entry["name"]: entry.get("value") for entry in containers[0]["env"]}
        for each in (services, servers)
        for containers in [each["spec"]["template"]["spec"]["containers"]]
    }
    assert (found["kube-vip-services"]["svc_enable"], found["kube-vip-services"]["svc_election"]) == ("true", "true")
    assert "nodeSelector" not in services["spec"]["template"]["spec"]
    # Each task is done by one of them, and their pods are told apart.
    assert (found["kube-vip-services"]["cp_enable"], found["kube-vip"]["svc_enable"]) == ("false", "false")
    assert services["spec"]["selector"] != servers["spec"]["selector"]


def test_an_existing_cluster_adds_nothing_to_user_data() -> None:
    settings = stack_settings("dev")
    existing = settings.kubernetes.model_copy(update={"mode": "existing"})
    assert not cloud_configs(existing, settings.compute)
