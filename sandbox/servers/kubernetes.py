"""A real Kubernetes control plane with simulated nodes: kwokctl's binary runtime.

kwokctl makes the certificates and the components' command lines and starts them; here they are written down with their
start times, so that status and `down` deal with exactly these processes, and the cluster is put right when some died.
"""

import base64
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from sandbox import process
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.ports import Wanted
from sandbox.process import Record
from sandbox.servers import kwokctl
from sandbox.servers.base import Site, answers_late, begin_world, https_status
from sandbox.servers.kwokctl import HOST, PORTS
from sandbox.tls import write_private

_COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok-controller")
_PROGRAM = {name: "kwok" if name == "kwok-controller" else name for name in _COMPONENTS}


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
        return [Wanted(name, HOST, published=name == "kube-apiserver") for name in PORTS.values()]

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
        process.wait_ready(server, lambda: self.answers(layout, site.ports), 180)
        _keep_certificates(layout)
        _installed(layout).touch()

    def _kwokctl(self, site: Site, folder: Path) -> None:
        layout = site.layout
        _adopt(layout)  # Forgets those that have just ended, so that kwokctl starts them.
        created = (_cluster(layout) / "kwok.yaml").exists()
        configuration = folder / "kwokctl.yaml"
        configuration.write_text(
            yaml.safe_dump(kwokctl.configuration(site, _cluster(layout) / "pki")), encoding="utf-8"
        )
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
        return f"https://{HOST}:{ports['kube-apiserver']}"

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
    listened = kwokctl.listened(site)
    wanted = {rf"^  {key}: (\d+)$": str(listened[key]) for key in PORTS}
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


def _write_kubeconfig(site: Site) -> None:
    """The administrator's kubeconfig, complete in one file."""
    pki = _cluster(site.layout) / "pki"

    def embedded(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    name = site.settings.kubernetes.cluster
    server = f"https://{HOST}:{site.ports['kube-apiserver']}"
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
