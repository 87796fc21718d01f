"""The process that runs the real node; what it does is in `sandbox.machine.node`."""

import base64
import hashlib
import ipaddress
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

import psutil
import urllib3
import yaml

from sandbox import process, procfs, vm
from sandbox.controllers.api import Api, ApiError
from sandbox.faults import SandboxError
from sandbox.images import COREDNS, PAUSE, Image
from sandbox.layout import Layout
from sandbox.machine import documents, plan
from sandbox.machine.node import Daemon, Specification
from sandbox.servers import docker
from sandbox.servers.base import Site, Unreached, begin_world
from sandbox.tls import ensure_server, write_private

_READY_SECONDS = 300
_RUNTIME_SECONDS = 300
_WITH_TREE = (f"{docker.TREE}/docker-engine",)
"""Runs a program with those of Debian's that it needs on its PATH."""
_DAEMONS = ("kubelet", "kube-proxy", "kube-router")
_RUNTIME = ("containerd", "containerd-shim-runc-v2", "ctr")


class Node(Unreached):
    """Started when the API server answers; ready when it says so itself."""

    name = "node"
    programs: Sequence[str] = (*_DAEMONS, *_RUNTIME, "docker-engine")
    holds_data = True

    def start(self, site: Site) -> None:
        """Run it, with what runs on every node of the cluster."""
        layout = site.layout
        folder = begin_world(layout, self.name)
        file = layout.run / "node.specification"
        file.write_text(specification(site, _default_container(site)).dump(), encoding="utf-8")
        ready = str(layout.run / "node.ready")
        command = ["sandbox.machine.node", "--specification", str(file), "--ready", ready]
        self.keep_running(site, folder, command, [file], seconds=_READY_SECONDS)
        load(layout, site.images or ())
        _name_server(site)

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:  # noqa: ARG002 - as every server
        """Whether the kubelet is well and the node is ready."""
        record = process.load(layout.run, self.name)
        if not process.marked(layout.run / "node.ready", record):
            return False
        name = json.loads((layout.run / "node.specification").read_text(encoding="utf-8"))["machine"]["hostname"]
        try:
            found = Api(layout.kubeconfig).call("GET", f"/api/v1/nodes/{name}")
        except (ApiError, urllib3.exceptions.HTTPError):
            return False
        return record is not None and is_ready(found["status"], psutil.Process(record.pid).create_time())


def is_ready(status: Mapping[str, Any], began: float) -> bool:
    """Whether a node says that it is ready, and has said so since it was started.

    Args:
        status: That of the Node object; a kubelet that was killed a moment ago is ready in it.
        began: When the kubelet's machine was started, in seconds since the epoch.
    """
    return any(
        item["type"] == "Ready"
        and item["status"] == "True"
        and datetime.fromisoformat(item["lastHeartbeatTime"]).timestamp() >= int(began)
        for item in status.get("conditions", [])
    )


def specification(site: Site, container: str) -> Specification:
    """What the node is made from; it tells no secret, since it is a file.

    Args:
        site: The stack.
        container: What the runtime makes a container from by default, in JSON.
    """
    settings = site.settings
    node, network = plan.Node.of(settings), settings.compute.network
    folder, kubernetes = machine_folder(site.layout, node.name), settings.kubernetes
    cluster = [vm for role in ("k3s_server", "k3s_agent") for vm in settings.compute.by_role(role).values()]
    group = f"{docker.cgroup(site.layout).lstrip('/')}/{node.name}"
    dns = _dns_address(kubernetes.service_cidr)
    pod_programs = f"{docker.TREE}/root/usr/lib/cni"
    machine = vm.Machine(
        hostname=node.name,
        root=str(folder),
        folders=["/var/log/node", str(documents.VOLUMES), "/var/lib/node-exporter", "/var/tmp"],  # noqa: S108 - in the machine
        files={
            **docker.ACCOUNTS,
            "/etc/hostname": f"{node.name}\n",
            "/etc/hosts": f"127.0.0.1 localhost\n{node.address} {node.name}\n",
            "/etc/machine-id": f"{hashlib.sha256(str(folder).encode()).hexdigest()[:32]}\n",
            "/etc/resolv.conf": "".join(f"nameserver {server}\n" for server in network.name_servers),
            "/etc/cni/net.d/10-pods.conflist": documents.pod_network(kubernetes.pod_cidr),
            "/etc/containerd/config.toml": documents.containerd(
                "/etc/cni/net.d", pod_programs, _place("containerd-shim-runc-v2"), PAUSE
            ),
            str(documents.CONTAINERS): documents.containers(
                container, public=settings.edge.certificates.issuer == "acme"
            ),
            str(documents.AUTHORITIES): (site.layout.tls / "ca.pem").read_text(encoding="ascii"),
            "/etc/kubernetes/kubelet.yaml": documents.kubelet(dns, group),
            **documents.shape(
                sum(vm.cpus for vm in cluster), sum(vm.memory_mib for vm in cluster), sorted(os.sched_getaffinity(0))
            ),
            "/etc/kubernetes/kube-proxy.yaml": documents.proxy(node.name, kubernetes.pod_cidr),
        },
        mounts={
            docker.TREE: str(site.programs["docker-engine"].parent),
            str(documents.KUBECONFIG.parent): str(_administrator(site)),
            str(documents.SERVING): str(_serving(site.layout, node)),
            **{str(Path(_place(name)).parent): str(site.programs[name].parent) for name in (*_DAEMONS, *_RUNTIME)},
        },
        bridge=plan.BRIDGE,
        port=f"vm{hashlib.sha256(str(folder).encode()).hexdigest()[:10]}",
        address=f"{node.address}/{network.prefix_length}",
        gateway=network.gateway,
        kernel=documents.KERNEL,
    )
    return Specification(
        machine=asdict(machine),
        group=group,
        extra_addresses=[
            f"{address}/32" for gateway in settings.edge.gateways.values() for address in gateway.addresses
        ],
        runtime=Daemon("containerd", [*_WITH_TREE, _place("containerd")]),
        daemons=[
            _daemon(
                "kubelet",
                *("--config=/etc/kubernetes/kubelet.yaml", f"--kubeconfig={documents.KUBECONFIG}"),
                *(f"--hostname-override={node.name}", f"--node-ip={node.address}"),
                within=documents.SHAPED,
            ),
            _daemon("kube-proxy", "--config=/etc/kubernetes/kube-proxy.yaml"),
            _daemon(
                "kube-router",
                *(f"--kubeconfig={documents.KUBECONFIG}", f"--hostname-override={node.name}"),
                *("--run-firewall=true", "--run-router=false", "--run-service-proxy=false"),
                f"--service-cluster-ip-range={kubernetes.service_cidr}",
            ),
        ],
    )


def _default_container(site: Site) -> str:
    command = [str(site.programs["ctr"]), "oci", "spec"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _daemon(name: str, *arguments: str, within: Sequence[str] = ()) -> Daemon:
    return Daemon(name, [*within, *_WITH_TREE, _place(name), *arguments])


def _place(name: str) -> str:
    """Where a program is in the machine."""
    return f"/opt/{name}/{name}"


def machine_folder(layout: Layout, name: str) -> Path:
    """The node's files, as they are seen from here."""
    return layout.data / "node" / name


def volumes(layout: Layout, name: str) -> Path:
    """The folder of the node's volumes, as it is seen from here; made when it is missing."""
    folder = machine_folder(layout, name) / str(documents.VOLUMES).lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _administrator(site: Site) -> Path:
    """Folder with what the node's programs talk to the API server with."""
    folder = site.layout.data / "node" / "administrator"
    folder.mkdir(mode=0o700, exist_ok=True)
    content: dict[str, Any] = yaml.safe_load(site.layout.kubeconfig.read_text(encoding="utf-8"))
    cluster = content["clusters"][0]["cluster"]
    (folder / documents.AUTHORITY.name).write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    cluster["server"] = f"https://{site.settings.kubernetes.api_address}:{plan.API_PORT}"
    write_private(folder / documents.KUBECONFIG.name, yaml.safe_dump(content).encode())
    return folder


def _serving(layout: Layout, node: plan.Node) -> Path:
    """Folder of the kubelet's certificate, signed by the cluster's authority as k3s does it."""
    cluster = layout.tls / "kubernetes"
    certificate, _ = ensure_server(cluster, "kubelet", [node.name, node.address], cluster / "ca.crt")
    return certificate.parent


def load(layout: Layout, images: Sequence[Image]) -> None:
    """Give the node images under their real names; those that it has already are left alone.

    Raises:
        SandboxError: When it does not take one.
    """
    known = layout.data / "node" / "images.json"
    loaded: dict[str, str] = {}
    with suppress(OSError, ValueError):
        # Without it, or with one that was cut off, they are given once more.
        loaded = json.loads(known.read_text(encoding="utf-8"))
    present = set(_runtime(layout, ["images", "list", "--quiet"]).split())
    missing = [image for image in images if image.reference not in present or _is_other(image, loaded)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for image in pool.map(partial(_load, layout), missing):
            loaded[image.reference] = str(image.archive)
    write_private(known, json.dumps(loaded, indent=1).encode())


def _is_other(image: Image, loaded: Mapping[str, str]) -> bool:
    return loaded.get(image.reference) != str(image.archive)


def _load(layout: Layout, image: Image) -> Image:
    with image.archive.open("rb") as archive:
        _runtime(layout, ["images", "import", "-"], archive)
    if image.tag != image.reference:
        _runtime(layout, ["images", "tag", "--force", image.tag, image.reference])
    return image


def _runtime(layout: Layout, arguments: Sequence[str], given: IO[bytes] | int = subprocess.DEVNULL) -> str:
    """Have the container runtime's own client do something, in the machine."""
    record = process.load(layout.run, Node.name)
    first = procfs.children(record.pid) if record is not None and record.alive() else []
    if not first:
        raise SandboxError("the node does not run: run make up again")
    command = [
        *("nsenter", f"--target={first[0]}", "--mount", "--pid", "--net", *_WITH_TREE),
        *(_place("ctr"), "--address", str(documents.RUNTIME_SOCKET), "--namespace", "k8s.io", *arguments),
    ]
    what = f"`ctr {' '.join(arguments)}`"
    try:
        done = subprocess.run(command, stdin=given, capture_output=True, check=False, timeout=_RUNTIME_SECONDS)
    except subprocess.TimeoutExpired:
        raise SandboxError(
            f"the node's container runtime does not end {what} in {_RUNTIME_SECONDS} s: run make down, then make up"
        ) from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise SandboxError(f"the node's container runtime refuses {what}: {said}")
    return done.stdout.decode(errors="replace")


def _dns_address(service_cidr: str) -> str:
    """The tenth address of the services' network, as k3s has it."""
    return str(ipaddress.ip_network(service_cidr)[10])


def _name_server(site: Site) -> None:
    """Apply CoreDNS, which k3s brings along."""
    settings = site.settings
    first = settings.dns.servers[0]
    api = Api(site.layout.kubeconfig)
    paths = {
        "ServiceAccount": "/api/v1/namespaces/kube-system/serviceaccounts",
        "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "ConfigMap": "/api/v1/namespaces/kube-system/configmaps",
        "Deployment": "/apis/apps/v1/namespaces/kube-system/deployments",
        "Service": "/api/v1/namespaces/kube-system/services",
    }
    address = _dns_address(settings.kubernetes.service_cidr)
    for document in documents.cluster_dns(address, COREDNS, f"{first.address}:{first.port}"):
        path = f"{paths[document['kind']]}/{document['metadata']['name']}"
        try:
            api.write("PATCH", f"{path}?fieldManager=k3s&force=true", yaml.safe_dump(document).encode())
        except (ApiError, urllib3.exceptions.HTTPError) as error:
            raise SandboxError(f"the cluster's name server cannot be made: {error}") from error
