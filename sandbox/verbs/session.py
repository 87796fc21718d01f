"""What `up`, `refresh` and `destroy` have in common: from checked settings to running servers and an engine."""

import concurrent.futures
import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import credentials, disk, images, nodes, overlay, plugins, sealing, tls
from sandbox.engine import environment, marks, state
from sandbox.faults import SandboxError
from sandbox.images import Image
from sandbox.interrupts import Interrupts
from sandbox.layout import Layout
from sandbox.machine import entering, plan
from sandbox.plugins import Plugins
from sandbox.ports import Wanted
from sandbox.report.console import say
from sandbox.sealing import Seal
from sandbox.servers import docker, fleet, kubernetes
from sandbox.servers.base import Site
from sandbox.servers.proxmox import HOST as PROXMOX_HOST
from sandbox.servers.table import COOLIFY, DNS, GATE, MINIO, PROXMOX
from settings import Settings, load
from settings.loading import check
from settings.secrets import SECRETS
from tools import ensure

if TYPE_CHECKING:
    from sandbox.engine.runs import Engine

_PRELOADED = (
    "sandbox.engine.runs",
    "pulumi_kubernetes",
    "pulumi_minio",
    "pulumi_proxmoxve",
    "pulumi_docker",
    "pulumi_command",
    "pulumi_random",
)
"""Imported while the servers start: together they take as long."""


@dataclass(frozen=True)
class Session:
    """Running servers and an engine that is ready to run."""

    layout: Layout
    settings: Settings
    ports: Mapping[str, int]
    plugins: Plugins
    kinds: Mapping[str, str]
    """What the next run has to be told of this one: the kind of plugin by package, and where containers are."""
    engine: "Engine"
    images: Sequence[Image] | None
    """What the real node and the Docker hosts run; None where nodes are simulated."""
    lost: list[str]
    """Servers that lost the data in which the state's resources are."""


def check_settings(layout: Layout) -> tuple[overlay.Config, Settings]:
    """The stack's configuration and its settings; nothing is made or started.

    Raises:
        SandboxError: When there is no such stack.
        SettingsError: With everything that is wrong.
    """
    config = overlay.read_config(layout)
    # The file as the engine reads it: YAML has more than one opinion on `on` and on 010.
    check(layout.stack, layout.root)
    secrets = stand_ins(config)
    return config, load(overlay.flat(config, secrets), list(secrets), layout.stack, layout.root)


def stand_ins(config: overlay.Config) -> dict[str, str]:
    """Secrets of the right form, made for the moment, for what needs no real ones."""
    kubeconfig = (
        "apiVersion: v1\nkind: Config\n"
        # Nobody listens there: a plugin that asks is refused at once, and the preview goes on without a cluster.
        "clusters: [{name: stand-in, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: stand-in, user: {}}]\n"
        "contexts: [{name: stand-in, context: {cluster: stand-in, user: stand-in}}]\n"
        "current-context: stand-in\n"
    )
    return _needed(
        config, {**credentials.make().stack_config(overlay.storage_root_user(config)), "luxima:kubeconfig": kubeconfig}
    )


def _needed(config: overlay.Config, made: dict[str, str]) -> dict[str, str]:
    """Those of the secrets that these settings need; others may not be set."""
    areas = {key.removeprefix("luxima:"): value for key, value in config.items()}
    needed = {f"luxima:{secret.key}" for secret in SECRETS if secret.needed(areas)}
    return {key: value for key, value in made.items() if key in needed}


def prepare(
    layout: Layout,
    interrupts: Interrupts,
    released: Sequence[str] = (),
    *,
    program: bool = True,
    state_at_end: bool = False,
) -> Session:
    """Start what is needed; the stack is held by this run.

    Args:
        layout: The stack.
        interrupts: What a signal reaches.
        released: Images that are about to be released.
        program: Whether the platform's program is run in this process.
        state_at_end: Whether the engine writes the state once, and not after each step.

    Raises:
        SandboxError: When anything cannot be had, with what to do.
        ToolError: When a program cannot be had.
        SettingsError: When the settings are wrong.
    """
    config, settings = check_settings(layout)
    disk.require(layout.base)
    present = state.read(layout.engine)
    if present.driven and not layout.secrets.exists():
        raise SandboxError(
            f"{layout.secrets} is missing. It holds the keys of the state and of the stored objects: "
            f"put it back, or run make clean STACK={layout.stack} and make up to start anew"
        )
    search = os.environ.get("PATH", os.defpath)
    chosen = plugins.choose(search)
    if present.driven:
        plugins.require_same(layout.stack, chosen, marks.kinds(layout))
    secrets = credentials.load_or_make(layout.secrets)
    before = nodes.remembered(layout)
    real = nodes.decide(layout, made=bool(present.driven))
    containers = docker.kind(settings, real=real)
    if present.driven:
        docker.require_same(layout.stack, containers, marks.kinds(layout).get("containers"))
    if before is not None and real != (before == "real"):
        # Nothing was made yet, and what runs is in another network than what is about to be started.
        fleet.stop(layout)
        kubernetes.forget(layout)
    nodes.remember(layout, real=real)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        sealed = pool.submit(_seal, layout, secrets.passphrase)
        preloaded = pool.submit(preload) if program else None
        behaviour = images.behaviour(layout.images)
        wanted = [*images.wanted(settings), *behaviour, *released] if real else []
        programs = ensure("pulumi", *chosen.programs, *fleet.programs(real=real), *images.programs(wanted))
        made = images.make(wanted, programs, behaviour) if real else None
        seal = sealed.result()
        bundle = tls.ensure_authority(layout.tls)
        doors = [Wanted(name, published=False) for name in plan.gateway_ports(settings)] if real else []
        ports, notices = fleet.assign_ports(layout, doors, pinned=bool(present.driven))
        for notice in notices:
            say(notice)
        site = Site(layout, settings, secrets, ports, programs, made)
        if preloaded is not None:
            preloaded.result()
        if real:
            entering.enter(GATE.open(site, fleet.records(layout)), layout.run, settings)
        fleet.start(site, say)
    config = inside(config, settings, ports) if real else here(config, ports)
    kubeconfig = layout.kubeconfig.read_text(encoding="utf-8")
    given = _needed(
        config, {**secrets.stack_config(overlay.storage_root_user(config)), "luxima:kubeconfig": kubeconfig}
    )
    overlay.write(layout, layout.engine, config, given, seal)
    plugins.write(layout.engine, chosen, search)
    built = environment.build(
        layout.engine,
        passphrase=secrets.passphrase,
        bundle=bundle,
        adopt=marks.unfinished(layout),
        docker_hosts=docker.reachable(layout, settings),
        state_at_end=state_at_end,
    )
    lost = marks.lost_worlds(layout, fleet.worlds(layout)) if present.driven else []
    engine = make_engine(programs["pulumi"], layout, built, interrupts)
    kinds = {**chosen.kinds, "containers": containers}
    return Session(layout, settings, ports, chosen, kinds, engine, made, lost)


def make_engine(program: Path, layout: Layout, built: dict[str, str], interrupts: Interrupts) -> "Engine":
    """An engine that the signals of this run reach."""
    from sandbox.engine.runs import Engine

    engine = Engine(program, layout.engine, built)
    interrupts.engine = engine.command
    return engine


def _seal(layout: Layout, passphrase: str) -> Seal:
    """The stack's seal, the one its secrets are under already if there is one.

    Raises:
        SandboxError: When the passphrase is another one.
    """
    salt = overlay.previous_salt(layout.engine)
    if salt is None:
        return sealing.new(passphrase)
    try:
        return sealing.reuse(passphrase, salt)
    except ValueError:
        from sandbox.report.failures import wrong_passphrase

        raise SandboxError(wrong_passphrase(layout)) from None


def preload() -> None:
    """Import what is slow to import."""
    for name in _PRELOADED:
        importlib.import_module(name)


def without_servers(config: overlay.Config) -> overlay.Config:
    """The configuration for a preview, in which no server is asked: it differs in nothing that a person looks for."""
    return overlay.with_installed(overlay.with_nodes(config, PROXMOX_HOST))


def inside(config: overlay.Config, settings: Settings, ports: Mapping[str, int]) -> overlay.Config:
    """The configuration in the stack's own network, where servers are at the addresses and names of the settings.

    Of these, only Proxmox and Coolify's API have none there, and the object storage is on no machine of the stack.
    """
    hosts = {zone: dict(names) for zone, names in settings.dns.hosts.items()}
    hosts["core"][plan.storage_name(settings).partition(".")[0]] = (settings.compute.network.gateway,)
    endpoints: overlay.Endpoints = {
        "compute": {"endpoint": PROXMOX.address(ports)},
        "dns": {"hosts": hosts},
        **COOLIFY.endpoint(config, ports),
    }
    port = settings.storage.endpoint.rpartition(":")[2]
    another = f"{settings.compute.network.gateway}:{port}"
    return _with_site(overlay.with_endpoints(overlay.with_object_storage(without_servers(config)), endpoints), another)


def here(config: overlay.Config, ports: Mapping[str, int]) -> overlay.Config:
    """The configuration in which everything that a plugin connects to is the sandbox's own, on loopback."""
    endpoints = {
        "compute": {"endpoint": PROXMOX.address(ports)},
        "storage": {"endpoint": MINIO.endpoint(ports)},
        "dns": {"servers": [{"address": DNS.host, "port": ports["dns"]}]},
        **COOLIFY.endpoint(config, ports),
    }
    # Where containers are only recorded, nobody goes there.
    another = f"127.0.0.2:{ports['minio']}"
    return _with_site(overlay.with_endpoints(overlay.with_object_storage(without_servers(config)), endpoints), another)


def _with_site(config: overlay.Config, endpoint: str) -> overlay.Config:
    """The configuration in which the other site, if there is one, is the sandbox's object storage by another name."""
    site = config["luxima:backup"].get("off_site")
    if site is None:
        return config
    told = {**site, "endpoint": endpoint, "access_key": overlay.storage_root_user(config)}
    return overlay.with_endpoints(config, {"backup": {"off_site": told}})
