"""A real Kubernetes control plane with simulated nodes: kwokctl's binary runtime.

kwokctl makes the certificates and the components' command lines and starts them; here they are written down with their
start times, so that status and `down` deal with exactly these processes, and the cluster is put right when some died.
"""

import base64
import ipaddress
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from sandbox import process
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.machine import plan
from sandbox.ports import Wanted
from sandbox.process import Record
from sandbox.servers.base import Site, answers_late, begin_world, https_status
from sandbox.tls import write_private

_HOST = "127.0.0.1"
_COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller")
_PROGRAM = {name: "kwok" if name == "kwok-controller" else name for name in _COMPONENTS}
_PORTS = {
    "kubeApiserverPort": "kube-apiserver",
    "etcdPort": "etcd",
    "etcdPeerPort": "etcd-peer",
    "kubeControllerManagerPort": "kube-controller-manager",
    "kubeSchedulerPort": "kube-scheduler",
    "kwokControllerPort": "kwok-controller",
}

_GIVEN = frozenset({"listen_client_urls", "listen_peer_urls"})
"""What kwokctl itself tells a component; all else is added, since it passes over what it has nothing to override of."""


class Kubernetes:
    """The cluster; its nodes, volumes and load balancers are the controllers' business."""

    name = "kubernetes"
    programs: Sequence[str] = (
        "kwokctl",
        "kwok",
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubectl",
    )
    holds_data = True

    def ports(self) -> list[Wanted]:
        """One for each component; only the API server's is known outside."""
        return [Wanted(name, _HOST, published=name == "kube-apiserver") for name in _PORTS.values()]

    def start(self, site: Site) -> None:
        """Create the cluster, or start what of it is not running."""
        layout = site.layout
        left_over = process.load(layout.run, "kwokctl")
        if left_over is not None and left_over.alive():
            process.stop([left_over])
        if not _installed(layout).exists():
            process.stop(_adopt(layout))
            shutil.rmtree(_folder(layout), ignore_errors=True)
        folder = begin_world(layout, self.name)
        _restore_certificates(layout)
        running = _apply_changes(site, _adopt(layout))
        if len(running) == len(_COMPONENTS):
            api_server = next(record for record in running if record.name == "kube-apiserver")
            if not answers_late(api_server, lambda: self.answers(layout, site.ports)):
                # Where it hangs, all parts are started anew.
                process.stop(running)
                running = []
        if len(running) < len(_COMPONENTS):
            self._kwokctl(site, folder)
        server = next((record for record in _adopt(layout) if record.name == "kube-apiserver"), None)
        if server is None:
            raise SandboxError(
                f"kube-apiserver ended while it was starting{process.tail(_log(layout, 'kube-apiserver'))}"
            )
        _write_kubeconfig(site)
        process.wait_ready(server, lambda: self.answers(layout, site.ports), 90)
        _keep_certificates(layout)
        _installed(layout).touch()

    def _kwokctl(self, site: Site, folder: Path) -> None:
        layout = site.layout
        _adopt(layout)  # Forgets those that have just ended, so that kwokctl starts them.
        created = (_cluster(layout) / "kwok.yaml").exists()
        configuration = folder / "kwokctl.yaml"
        configuration.write_text(yaml.safe_dump(_configuration(site)), encoding="utf-8")
        verb = ["start", "cluster"] if created else ["create", "cluster", f"--kubeconfig={folder / 'paths.kubeconfig'}"]
        environment = site.environment(folder, KWOK_WORKDIR=str(folder))
        # kwokctl asks the first kubectl on PATH whether the API server answers.
        environment["PATH"] = f"{site.programs['kubectl'].parent}:{environment['PATH']}"
        command = [str(site.programs["kwokctl"]), f"--name={layout.stack}", f"--config={configuration}", *verb]
        log = layout.logs / "kwokctl.log"
        job = process.start(layout.run, "kwokctl", log, command, environment, folder)
        status = process.run_recorded(job, 180)
        process.forget(layout.run, "kwokctl")
        if status != 0:
            raise SandboxError(f"the Kubernetes control plane did not start (exit status {status}){process.tail(log)}")

    def records(self, layout: Layout) -> list[Record]:
        """The components."""
        _adopt(layout)
        found = (process.load(layout.run, name) for name in _COMPONENTS)
        return [record for record in found if record is not None]

    def address(self, ports: Mapping[str, int]) -> str:
        """URL of the API server."""
        return f"https://{_HOST}:{ports['kube-apiserver']}"

    def answers(self, layout: Layout, ports: Mapping[str, int]) -> bool:
        """Whether the API server is ready."""
        authority = _cluster(layout) / "pki" / "ca.crt"
        return authority.exists() and https_status(f"{self.address(ports)}/readyz", authority) == 200


def forget(layout: Layout) -> None:
    """Delete a cluster that does not run and in which nothing was made, with its certificates."""
    for folder in (_folder(layout), layout.tls / "kubernetes"):
        shutil.rmtree(folder, ignore_errors=True)


def _folder(layout: Layout) -> Path:
    return layout.data / "kubernetes"


def _cluster(layout: Layout) -> Path:
    return _folder(layout) / "clusters" / layout.stack


def _installed(layout: Layout) -> Path:
    """Written when the cluster came up for the first time: before that there is nothing in it to keep."""
    return _folder(layout) / "installed"


def _log(layout: Layout, component: str) -> Path:
    return _cluster(layout) / "logs" / f"{component}.log"


def _adopt(layout: Layout) -> list[Record]:
    """Write down the components that run; forget process ids that mean somebody else by now."""
    running: list[Record] = []
    for name in _COMPONENTS:
        file = _cluster(layout) / "pids" / f"{name}.pid"
        known = process.load(layout.run, name)
        if known is not None and known.alive():
            running.append(known)
            continue
        try:
            found = process.record_of(name, int(file.read_text(encoding="ascii")), _log(layout, name))
        except (OSError, ValueError):
            continue
        if found is not None and found.command[:1] == [str(_cluster(layout) / "bin" / name)]:
            process.save(layout.run, found)
            running.append(found)
        else:
            # kwokctl would take a process that has the id now, or one that only waits to be reaped, for its own.
            file.unlink(missing_ok=True)
    return running


def _restore_certificates(layout: Layout) -> None:
    """Give a cluster that lost its data the certificates it had: the kubeconfig in the stack's state stays valid."""
    kept, pki = layout.tls / "kubernetes", _cluster(layout) / "pki"
    if kept.is_dir() and not pki.exists():
        pki.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(kept, pki)


def _keep_certificates(layout: Layout) -> None:
    kept, pki = layout.tls / "kubernetes", _cluster(layout) / "pki"
    if not kept.is_dir():
        partial = kept.with_name("kubernetes.part")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(pki, partial)
        partial.rename(kept)


def _apply_changes(site: Site, running: list[Record]) -> list[Record]:
    """Bring an existing cluster's command lines to the present ports, programs and settings.

    kwok.yaml itself says what they were, so that a run that is interrupted here is taken up by the next one.

    Returns:
        The components that still run: all, or none when something changed.
    """
    if not _installed(site.layout).exists():
        return running
    cluster = _cluster(site.layout)
    links = {cluster / "bin" / name: site.programs[_PROGRAM[name]] for name in _COMPONENTS}
    stale = [link for link, target in links.items() if not link.is_symlink() or link.readlink() != target]
    kwok, kubeconfig = cluster / "kwok.yaml", cluster / "kubeconfig.yaml"
    text = kwok.read_text(encoding="utf-8")
    listened = _listened(site)
    wanted = {rf"^  {key}: (\d+)$": str(listened[key]) for key in _PORTS}
    wanted["--service-cluster-ip-range=(.+)$"] = site.settings.kubernetes.service_cidr
    found = {match.group(1): new for line, new in wanted.items() if (match := re.search(line, text, re.MULTILINE))}
    replacements = {old: new for old, new in found.items() if old != new}
    if not stale and not replacements:
        return running
    process.stop(running)
    for link in stale:
        link.unlink(missing_ok=True)
        link.symlink_to(links[link])
    server = re.sub(
        r"(server: \S+:)\d+", rf"\g<1>{listened['kubeApiserverPort']}", kubeconfig.read_text(encoding="utf-8")
    )
    write_private(kubeconfig, server.encode())
    if replacements:
        pattern = re.compile("|".join(rf"(?<![\w.]){re.escape(old)}(?![\w.])" for old in replacements))
        write_private(kwok, pattern.sub(lambda match: replacements[match.group()], text).encode())
    return []


def _configuration(site: Site) -> dict[str, object]:
    programs = site.programs

    def extra(component: str, **flags: str) -> dict[str, object]:
        arguments = [
            {"key": key.replace("_", "-"), "value": value, "override": key in _GIVEN} for key, value in flags.items()
        ]
        return {"name": component, "extraArgs": arguments}

    return {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokctlConfiguration",
        "options": {
            "runtime": "binary",
            "bindAddress": _HOST,
            "securePort": True,
            "kubeAuthorization": True,
            "kubeAdmission": True,
            "quietPull": True,
            "etcdQuotaBackendSize": "2Gi",
            "etcdBinary": str(programs["etcd"]),
            "kubeApiserverBinary": str(programs["kube-apiserver"]),
            "kubeControllerManagerBinary": str(programs["kube-controller-manager"]),
            "kubeSchedulerBinary": str(programs["kube-scheduler"]),
            "kwokControllerBinary": str(programs["kwok"]),
            "kubectlBinary": str(programs["kubectl"]),
            **_listened(site),
            **(_reached_by_nodes(site) if site.real else {}),
        },
        "componentsPatches": [
            # A crash of the machine may cost this cluster its data, a killed process does not.
            # It asks nobody who he is: in a network with pods and containers it is for the API server alone.
            extra(
                "etcd",
                unsafe_no_fsync="true",
                listen_client_urls=f"http://{_HOST}:{_listened(site)['etcdPort']}",
                listen_peer_urls=f"http://{_HOST}:{_listened(site)['etcdPeerPort']}",
                **({"listen_metrics_urls": _etcd_metrics(site)} if site.real else {}),
            ),
            extra(
                "kube-apiserver",
                service_cluster_ip_range=site.settings.kubernetes.service_cidr,
                # Else it takes that of the default route, which a computer without a network lacks.
                advertise_address=site.settings.kubernetes.api_address,
                **(_for_nodes(site) if site.real else {}),
            ),
            # There is one of each; an election would only delay a restart by the old leader's lease.
            # A simulated node that is thought dead for a moment, on a busy machine or while the API server is away, is
            # bad for good: nobody but a kubelet would tell that its pods are ready after all.
            extra(
                "kube-controller-manager",
                leader_elect="false",
                **({} if site.real else {"node_monitor_grace_period": "24h"}),
            ),
            extra("kube-scheduler", leader_elect="false"),
            # A real node and its pods are not kwok's business.
            extra(
                "kwok-controller",
                manage_all_nodes="false",
                manage_nodes_with_annotation_selector="kwok.x-k8s.io/node=fake",
            ),
        ],
    }


def _etcd_metrics(site: Site) -> str:
    """Where etcd's metrics are: at the API server's address, as with k3s; nothing but numbers is told there."""
    return f"http://{site.settings.kubernetes.api_address}:{plan.ETCD_METRICS_PORT}"


def _listened(site: Site) -> dict[str, int]:
    """The ports that the components listen on; in a network of its own the API server has that of a real one."""
    ports = {key: site.ports[name] for key, name in _PORTS.items()}
    return {**ports, "kubeApiserverPort": plan.API_PORT} if site.real else ports


def _reached_by_nodes(site: Site) -> dict[str, object]:
    """What kwokctl has to know so that nodes and pods reach the API server."""
    first = ipaddress.ip_network(site.settings.kubernetes.service_cidr)[1]
    return {"bindAddress": "0.0.0.0", "kubeApiserverCertSANs": [str(first)]}  # noqa: S104 - in a network of its own


def _for_nodes(site: Site) -> dict[str, str]:
    """How the API server talks to kubelets."""
    pki = _cluster(site.layout) / "pki"
    return {
        "kubelet_client_certificate": str(pki / "admin.crt"),
        "kubelet_client_key": str(pki / "admin.key"),
        "kubelet_preferred_address_types": "InternalIP",
    }


def _write_kubeconfig(site: Site) -> None:
    """The administrator's kubeconfig, complete in one file."""
    pki = _cluster(site.layout) / "pki"

    def embedded(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    name = site.settings.kubernetes.cluster
    server = f"https://{_HOST}:{site.ports['kube-apiserver']}"
    content = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": server, "certificate-authority-data": embedded("ca.crt")}}
            ],
            "users": [
                {
                    "name": "admin",
                    "user": {
                        "client-certificate-data": embedded("admin.crt"),
                        "client-key-data": embedded("admin.key"),
                    },
                }
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "admin"}}],
            "current-context": name,
        },
        sort_keys=False,
    ).encode()
    if not site.layout.kubeconfig.exists() or site.layout.kubeconfig.read_bytes() != content:
        write_private(site.layout.kubeconfig, content)
