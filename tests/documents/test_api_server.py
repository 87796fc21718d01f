"""A real API server with the arguments and policies that k3s gives its own: what it refuses, writes down and allows."""

import json
import subprocess
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.kubernetes import hardening, steps
from components.programs import API_AUDIT_LOG
from tests.programs import end, free_port, start
from tests.recording import stack_settings
from tests.waiting import wait_for
from tools import ensure

pytestmark = pytest.mark.needs_tools

_USERS = {"admin": "system:masters", "system:node:k3s-agent-1": "system:nodes", "anna": "people"}
_SHORT = {"system:node:k3s-agent-1": "node"}


@dataclass(frozen=True)
class Api:
    """A running one, whose users log in with kubeconfigs in a folder."""

    folder: Path

    def kubectl(self, user: str, *arguments: str, given: dict[str, Any] | None = None) -> tuple[int, str]:
        """Exit status and everything that was printed."""
        command = [ensure("kubectl")["kubectl"], "--kubeconfig", self.folder / _SHORT.get(user, user), *arguments]
        text = None if given is None else json.dumps(given)
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def make(self, document: dict[str, Any]) -> None:
        """As the administrator."""
        code, said = self.kubectl("admin", "create", "--filename", "-", given=document)
        assert code == 0, said

    def trail(self) -> list[dict[str, Any]]:
        """What it wrote down."""
        return [json.loads(line) for line in (self.folder / "audit.log").read_text().splitlines()]


def _pod(name: str, node: str, namespace: str, **container: Any) -> dict[str, Any]:
    made = {"name": "main", "image": "example.test/a:1", **container}
    # There is no kubelet that would say that a pod has ended.
    spec = {"nodeName": node, "containers": [made], "terminationGracePeriodSeconds": 0}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Generator[Api]:
    folder = tmp_path_factory.mktemp("api")
    arguments = list(hardening.API_SERVER)
    (folder / "admission").write_text(yaml.safe_dump(hardening.admission()))
    (folder / "policy").write_text(yaml.safe_dump(hardening.audit_policy()))
    for path, name in (
        (hardening.ADMISSION_FILE, "admission"),
        (hardening.AUDIT_POLICY_FILE, "policy"),
        (API_AUDIT_LOG, "audit.log"),
    ):
        arguments = [each.replace(path, str(folder / name)) for each in arguments]
    (folder / "key").write_bytes(_key())
    (folder / "users").write_text("".join(f'{_SHORT.get(n, n)}-token,{n},{n},"{g}"\n' for n, g in _USERS.items()))
    client, peer, port = free_port(), free_port(), free_port()
    for name in _USERS:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "a", "cluster": {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}}
            ],
            "users": [{"name": "a", "user": {"token": f"{_SHORT.get(name, name)}-token"}}],
            "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
            "current-context": "a",
        }
        (folder / _SHORT.get(name, name)).write_text(yaml.safe_dump(document))
    programs = ensure("etcd", "kube-apiserver")
    with ExitStack() as stack:
        store = f"http://127.0.0.1:{client}"
        etcd = [
            programs["etcd"],
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls={store}",
            f"--advertise-client-urls={store}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        ]
        stack.callback(end, start(etcd, folder / "etcd.log"))
        server = [
            programs["kube-apiserver"],
            *(f"--{each}" for each in arguments),
            f"--etcd-servers={store}",
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
            "--allow-privileged",
            f"--cert-dir={folder}",
            "--authorization-mode=Node,RBAC",
            f"--token-auth-file={folder / 'users'}",
            f"--service-account-key-file={folder / 'key'}",
            f"--service-account-signing-key-file={folder / 'key'}",
            "--service-account-issuer=https://example.test",
            "--service-cluster-ip-range=10.43.0.0/16",
        ]
        stack.callback(end, start(server, folder / "server.log"))
        made = Api(folder)
        wait_for(lambda: made.kubectl("admin", "get", "--raw", "/readyz")[0] == 0, "an answer of the API server")
        yield made


def test_a_namespace_that_says_nothing_takes_no_strong_pod(api: Api) -> None:
    api.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "silent"}})
    api.make({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "silent"}})
    pod = _pod("strong", "k3s-agent-1", "silent", securityContext={"privileged": True})
    code, said = api.kubectl("admin", "create", "--filename", "-", given=pod)
    assert code == 1
    assert 'violates PodSecurity "restricted:latest"' in said


def test_a_read_secret_is_written_down_without_its_content(api: Api) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hunter22"}}
    api.make(secret)
    assert api.kubectl("anna", "get", "secret", "s")[0] == 1
    assert "aHVudGVyMjI=" in api.kubectl("admin", "get", "secret", "s", "--output", "yaml")[1]
    api.kubectl("admin", "get", "namespaces")
    trail = api.trail()
    read = [each for each in trail if each["verb"] == "get" and each["objectRef"]["resource"] == "secrets"]
    assert {(each["user"]["username"], each["responseStatus"]["code"]) for each in read} == {
        ("anna", 403),
        ("admin", 200),
    }
    assert not [each for each in trail if each["verb"] in ("list", "watch")]
    assert "hunter22" not in (text := str(trail))
    assert "aHVudGVyMjI=" not in text


def test_a_node_moves_its_own_pods_and_nobody_elses(api: Api, tmp_path: Path) -> None:
    """The step's own functions, with the identity of a kubelet."""
    api.make(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "kube-system"}}
    )
    owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d", "uid": "1", "controller": True}
    stays = _pod("stays", "k3s-agent-1", "kube-system")
    stays["metadata"]["ownerReferences"] = [owner]
    for node in ("k3s-agent-1", "k3s-agent-2"):
        api.make({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
    for pod in (_pod("own", "k3s-agent-1", "kube-system"), _pod("other", "k3s-agent-2", "kube-system"), stays):
        api.make(pod)
    settings = stack_settings("prod")
    script = steps.node(settings.kubernetes, settings.compute, "k3s-agent-1", None).replace(
        "ROOT=''", f"ROOT={tmp_path}"
    )
    functions = (
        script[: script.index("\nfinish_cloud_init\n")].replace("WAIT=600", "WAIT=150").replace("PAUSE=5", "PAUSE=0.2")
    )
    k3s, kubelet = tmp_path / "usr/local/bin/k3s", tmp_path / "var/lib/rancher/k3s/agent/kubelet.kubeconfig"
    for path in (k3s, kubelet, tmp_path / "etc/rancher/k3s/config.yaml"):
        path.parent.mkdir(parents=True)
    k3s.write_text(f'#!/bin/sh\nshift\nexec {ensure("kubectl")["kubectl"]} "$@"\n')
    k3s.chmod(0o755)
    kubelet.symlink_to(api.folder / "node")
    done = subprocess.run(["bash", "-c", f"{functions}\nleave\n"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert api.kubectl("admin", "get", "pods", "--namespace", "kube-system", "--output", "name")[1].split() == [
        "pod/other",
        "pod/stays",
    ]
    assert api.kubectl("admin", "get", "node", "k3s-agent-1", "--output", "jsonpath={.spec.unschedulable}")[1] == "true"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"namespace": "kube-system", "name": "other"}}
    path = "/api/v1/namespaces/kube-system/pods/other/eviction"
    code, said = api.kubectl("system:node:k3s-agent-1", "create", "--raw", path, "--filename", "-", given=body)
    assert code == 1
    assert "can only evict pods with spec.nodeName set to itself" in said
    back = subprocess.run(["bash", "-c", f"{functions}\ncome_back\n"], capture_output=True, text=True, check=False)
    assert back.returncode == 0, back.stderr
    assert api.kubectl("admin", "get", "node", "k3s-agent-1", "--output", "jsonpath={.spec.unschedulable}")[1] == ""
