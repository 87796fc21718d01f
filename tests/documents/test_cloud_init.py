"""User-data and k3s documents: parsed by YAML, scripts by the shell; cloud-init itself was not run."""

import subprocess
from typing import Any, cast

import pytest
import yaml

from components.cloud_init import DOCKER_HOST, CloudConfig, CloudFile, user_data
from components.kubernetes.k3s import cloud_configs, config, kube_vip, kubeconfig_command, start_command
from tests.recording import STACKS, stack_settings

_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def _render(role: CloudConfig) -> dict[str, Any]:
    text = user_data("k3s-server-1", "luxima", [_KEY], role)
    assert text.startswith("#cloud-config\n")
    return cast("dict[str, Any]", yaml.load(text, yaml.CSafeLoader))


def _shell_accepts(script: str) -> None:
    result = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr


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
    (daemon,) = [each for each in document["write_files"] if "docker" in each["path"]]
    assert "hosts" not in yaml.load(daemon["content"], yaml.CSafeLoader)


@pytest.mark.parametrize("stack", STACKS)
def test_k3s_scripts_are_shell_and_its_files_are_yaml(stack: str) -> None:
    settings = stack_settings(stack)
    made = cloud_configs(settings.kubernetes, settings.compute)
    assert made.keys() == {*settings.compute.by_role("k3s_server"), *settings.compute.by_role("k3s_agent")}
    for cloud_config in made.values():
        for file in cloud_config.files:
            if file.path.endswith("install-k3s"):
                _shell_accepts(file.content)
            elif file.path.endswith(".yaml"):
                assert list(yaml.load_all(file.content, yaml.CSafeLoader))
    _shell_accepts(start_command())
    _shell_accepts(kubeconfig_command(settings.kubernetes))


def test_only_the_first_server_founds_the_cluster() -> None:
    settings = stack_settings("prod")
    documents = {
        vm: config(settings.kubernetes, settings.compute, vm)
        for vm in settings.compute.vms
        if settings.compute.vms[vm].role != "docker_host"
    }
    assert [vm for vm, document in documents.items() if document.get("cluster-init")] == ["k3s-server-1"]
    assert [vm for vm, document in documents.items() if "server" not in document] == ["k3s-server-1"]
    assert all("token" not in document for document in documents.values())
    # A changed route reaches the gateways' pods within seconds.
    assert all(document["kubelet-arg"] == ["sync-frequency=10s"] for document in documents.values())
    agents = [document for vm, document in documents.items() if "agent" in vm]
    assert agents
    assert all("cluster-cidr" not in document for document in agents)


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
