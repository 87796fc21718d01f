"""What observes a Docker host, besides its node exporter: cAdvisor, the log agent, the PostgreSQL exporter (MON-2).

From there the cluster is looked at as well: it is the nearest place that is not part of it.
"""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_docker as docker

from components.docker_files import DockerFiles, DockerFilesArgs
from components.docker_health import connection, healthcheck, page
from components.observability import blackbox, log_agent
from components.observability.prometheus import CONTAINER_GROUPS
from components.text import to_yaml
from settings.observability import Observability
from versions import ALLOY, BLACKBOX_EXPORTER, CADVISOR, POSTGRES_EXPORTER, PROMTAIL

_STATE = "/var/lib/log-agent"
_PROBES = "/etc/blackbox"
_PASSWORD = "/etc/postgres-exporter"  # noqa: S105 - a folder


@dataclass(frozen=True)
class DatabaseSeen:
    """How the exporter reaches a database that publishes nothing."""

    endpoint: str
    """host:port in that network."""
    network: str
    """Network of the host's containers that it is in; no output, so that policies know it before the update."""
    made: pulumi.Resource
    """That network, which has to be there first."""
    certificate: pulumi.Input[str]
    """Its certificate, in PEM."""


@dataclass(frozen=True)
class DockerAgentsArgs:
    """Inputs of the DockerAgents."""

    observability: Observability
    """Settings of what observes."""
    environment: str
    """Value of the label `environment`."""
    hostname: str
    """Name of the host."""
    address: str
    """Private address that metrics are served on."""
    monitor_password: pulumi.Input[str]
    """Password of the database role luxima_monitor; secret."""
    log_agent_password: pulumi.Input[str]
    """Password with which lines are sent through the gateways; secret."""
    pipeline: str
    """The log agent's document for this host."""
    authority: pulumi.Input[str] | None
    """Certificate of the private CA, in PEM; None where public authorities sign."""
    database: DatabaseSeen | None
    """The stack's own database or its replica, on this host; None where it is asked at `observability.database`."""


@dataclass(frozen=True)
class _Agent:
    """One container."""

    name: str
    image: str
    port: int
    """TCP port of its metrics."""
    command: Sequence[str]
    memory_mib: int
    mounts: Mapping[str, str]
    """Folder in the container by folder of the host; read-only."""
    health: Sequence[str]
    """Command in the container that ends well when it serves."""
    user: str = "65534:65534"
    env: Sequence[str] = ()
    folder: str = ""
    """Where its files are."""
    files: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Contents by name in `folder`; readable for root and its group."""
    volume: str | None = None
    """Where a volume of its own is mounted."""
    network: str | None = None
    """Network of the host's containers that it is in; the engine's default when None."""
    after: Sequence[pulumi.Resource] = ()
    """What has to be there first, besides its image and files."""


class DockerAgents(pulumi.ComponentResource):
    """Containers that read what the host and its containers do, and can change nothing of it."""

    def __init__(self, name: str, args: DockerAgentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:observability:DockerAgents", name, None, opts)
        names = agent_names(args.observability, args.address, seen=args.database is not None)
        for agent in (_MADE_BY[name](args) for name in names):
            self._run(f"{name}-{agent.name}", args, agent)
        self.register_outputs({"agents": names})

    def _run(self, name: str, args: DockerAgentsArgs, agent: _Agent) -> None:
        image = docker.RemoteImage(
            f"{name}-image", name=agent.image, keep_locally=True, opts=pulumi.ResourceOptions(parent=self)
        )
        before: list[pulumi.Resource] = [image, *agent.after]
        labels = {"environment": args.environment, "luxima.id/host": args.hostname}
        mounts = [
            docker.ContainerMountArgs(
                type="bind",
                source=source,
                target=target,
                read_only=True,
                bind_options=docker.ContainerMountBindOptionsArgs(propagation="rslave"),
            )
            for source, target in agent.mounts.items()
        ]
        if agent.volume is not None:
            mounts.append(docker.ContainerMountArgs(type="volume", source=agent.name, target=agent.volume))
        if agent.files:
            files = DockerFiles(
                f"{name}-files",
                DockerFilesArgs(agent.name, agent.image, agent.folder, agent.files, labels, image),
                pulumi.ResourceOptions(parent=self),
            )
            mounts.append(files.mount)
            before.append(files)
        docker.Container(
            f"{name}-container",
            name=agent.name,
            image=agent.image,
            command=list(agent.command),
            envs=list(agent.env) or None,
            user=agent.user,
            # Metrics are served on the host's private address only.
            networks_advanced=None
            if agent.network is None
            else [docker.ContainerNetworksAdvancedArgs(name=agent.network)],
            ports=[docker.ContainerPortArgs(internal=agent.port, external=agent.port, ip=args.address, protocol="tcp")],
            read_only=True,
            tmpfs={"/tmp": "size=64m"},  # noqa: S108 - in the container
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            memory=agent.memory_mib,
            # No swap besides; left open it is as much again, and the limit cannot be raised while the container runs.
            memory_swap=agent.memory_mib,
            restart="unless-stopped",
            healthcheck=healthcheck(agent.health),
            destroy_grace_seconds=10,
            mounts=mounts,
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3", "tag": "{{.Name}}"},
            labels=[docker.ContainerLabelArgs(label=label, value=value) for label, value in labels.items()],
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )


def _cadvisor(args: DockerAgentsArgs) -> _Agent:
    return _Agent(
        name="cadvisor",
        image=CADVISOR.reference,
        port=args.observability.cadvisor_port,
        command=[
            f"--port={args.observability.cadvisor_port}",
            # By their control groups alone, as systemd or the engine names them. To tell a container's name it would
            # need the engine's socket, and whoever has that is root on the host.
            "--docker_only=true",
            f"--raw_cgroup_prefix_whitelist={','.join(CONTAINER_GROUPS)}",
            "--housekeeping_interval=15s",
            "--disable_metrics=advtcp,cpu_topology,cpuset,disk,diskIO,hugetlb,memory_numa,network,percpu,process,"
            "referenced_memory,resctrl,sched,tcp,udp",
        ],
        memory_mib=256,
        # The kernel lets everybody read the figures of control groups.
        mounts={"/sys": "/sys"},
        health=page(f"http://127.0.0.1:{args.observability.cadvisor_port}/healthz"),
    )


def _log_agent(args: DockerAgentsArgs) -> _Agent:
    port = args.observability.agent_port
    alloy = [
        "run",
        "--config.format=promtail",
        f"--server.http.listen-addr=0.0.0.0:{port}",
        f"--storage.path={_STATE}",
        "--disable-reporting",
        f"{log_agent.FOLDER}/promtail.yaml",
    ]
    runs_alloy = args.observability.agent == "alloy"
    trusted = {} if args.authority is None else {posixpath.basename(log_agent.AUTHORITY): args.authority}
    return _Agent(
        name="log-agent",
        image=ALLOY.reference if runs_alloy else PROMTAIL.reference,
        port=port,
        command=alloy if runs_alloy else [f"-config.file={log_agent.FOLDER}/promtail.yaml"],
        memory_mib=256,
        # Root, because nobody else may read what Docker writes.
        user="0:0",
        mounts={path: path for path in ("/var/lib/docker/containers", "/var/log", "/etc/machine-id")},
        health=connection(port),
        folder=log_agent.FOLDER,
        files={
            "promtail.yaml": args.pipeline,
            log_agent.PASSWORD_FILE: args.log_agent_password,
            **trusted,
        },
        volume=_STATE,
    )


def _blackbox_exporter(args: DockerAgentsArgs) -> _Agent:
    port = args.observability.probe_port
    return _Agent(
        name="blackbox-exporter",
        image=BLACKBOX_EXPORTER.reference,
        port=port,
        command=[f"--config.file={_PROBES}/blackbox.yml", f"--web.listen-address=:{port}"],
        memory_mib=64,
        # Nobody, in the one group that may read the document.
        user="65534:0",
        mounts={},
        health=page(f"http://127.0.0.1:{port}/-/healthy"),
        folder=_PROBES,
        files={"blackbox.yml": to_yaml(blackbox.outside())},
    )


def _postgres_exporter(args: DockerAgentsArgs) -> _Agent:
    observed, seen = args.observability, args.database
    endpoint = observed.database if seen is None else seen.endpoint
    # One that runs elsewhere has a certificate of its own, which is the system's to know when no authority is given.
    trusted = observed.database_authority if seen is None else seen.certificate
    checked = "verify-full" + ("" if trusted is None else f"&sslrootcert={_PASSWORD}/server.crt")
    return _Agent(
        name="postgres-exporter",
        image=POSTGRES_EXPORTER.reference,
        port=observed.postgres_exporter_port,
        command=[
            f"--web.listen-address=:{observed.postgres_exporter_port}",
            "--collector.stat_activity_autovacuum",
            "--collector.long_running_transactions",
            "--collector.stat_wal_receiver",
        ],
        memory_mib=128,
        # Nobody, in the one group that may read the password.
        user="65534:0",
        mounts={},
        health=page(f"http://127.0.0.1:{observed.postgres_exporter_port}/"),
        env=[
            f"DATA_SOURCE_URI={endpoint}/postgres?sslmode={checked}",
            "DATA_SOURCE_USER=luxima_monitor",
            f"DATA_SOURCE_PASS_FILE={_PASSWORD}/password",
        ],
        folder=_PASSWORD,
        files={"password": args.monitor_password, **({} if trusted is None else {"server.crt": trusted})},
        network=None if seen is None else seen.network,
        after=() if seen is None else [seen.made],
    )


_POSTGRES: Final = "postgres-exporter"
_MADE_BY: Final[Mapping[str, Callable[[DockerAgentsArgs], _Agent]]] = {
    "cadvisor": _cadvisor,
    "log-agent": _log_agent,
    "blackbox-exporter": _blackbox_exporter,
    _POSTGRES: _postgres_exporter,
}


def agent_names(observability: Observability, address: str, *, seen: bool) -> list[str]:
    """Names of the containers on the host with this address.

    Args:
        observability: Settings of what observes.
        address: Private address of the host.
        seen: Whether the stack's own database or its replica is there.
    """
    has_database = seen or observability.database.rpartition(":")[0] == address
    return [name for name in _MADE_BY if has_database or name != _POSTGRES]
