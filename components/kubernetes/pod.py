"""The one builder of pods: what makes a pod safe and steady is decided here, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.flows import Flows
from components.kubernetes.files import Files
from components.kubernetes.priorities import Priority
from components.kubernetes.quantities import cpu, memory

USER: Final = 10001
"""User and group that containers run as; above the range that hosts give to their own accounts."""
DRAIN_SECONDS: Final = 5
"""How long a pod that is leaving still answers, so that everybody has noticed that it leaves."""
SCRATCH_MIB: Final = 64
"""Size of /tmp, in MiB; the container's own output has three times as much besides."""
PULL_SECRET: Final = "registry-pull"  # noqa: S105 - an object's name
"""Secret of a namespace with what its pods' nodes show the platform's own image registry."""
TOKEN_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a folder
"""Where programs look for the token of their account."""


@dataclass(frozen=True)
class SecretEnv:
    """An environment variable whose value comes from a Secret."""

    secret: str
    """Name of the Secret, in the workload's namespace."""
    key: str
    """Key in the Secret."""


@dataclass(frozen=True)
class Mount:
    """A folder in the container: of files, of the node, or (with neither) an empty one that is gone with the pod."""

    name: str
    """Name of the volume; a DNS label, unique in the pod."""
    path: str
    """Where it is seen in the container."""
    files: Files | None = None
    """What is in it; read-only."""
    host_path: str | None = None
    """Folder of the node."""
    writable: bool = False
    """Whether the node's folder may be written to."""
    size_mib: int | None = None
    """Size of an empty folder at most, in MiB."""

    def volume(self) -> k8s.core.v1.VolumeArgs:
        """As the pod declares it."""
        core = k8s.core.v1
        if self.files is not None:
            return core.VolumeArgs(name=self.name, projected=self.files.source())
        if self.host_path is not None:
            kind = "DirectoryOrCreate" if self.writable else ""
            return core.VolumeArgs(
                name=self.name, host_path=core.HostPathVolumeSourceArgs(path=self.host_path, type=kind)
            )
        size = None if self.size_mib is None else memory(self.size_mib)
        return core.VolumeArgs(name=self.name, empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=size))

    def mount(self) -> k8s.core.v1.VolumeMountArgs:
        """As the container declares it."""
        if self.writable or (self.files is None and self.host_path is None):
            return k8s.core.v1.VolumeMountArgs(name=self.name, mount_path=self.path)
        propagation = "HostToContainer" if self.host_path is not None else None
        return k8s.core.v1.VolumeMountArgs(
            name=self.name, mount_path=self.path, read_only=True, mount_propagation=propagation
        )


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """One program as a pod."""

    namespace: str
    """Namespace it runs in."""
    workload: str
    """Name of its objects; a DNS label."""
    image: str
    """Container image, pinned."""
    port: int
    """TCP port that health and metrics are asked on; its name is `http`."""
    health_path: str
    """Path that answers 200 when the pod can serve."""
    live_path: str | None
    """Path that answers 200 while a restart would not help; None where a connection to the port is all there is."""
    metrics_path: str | None
    """Path of the Prometheus metrics, for pods that Prometheus finds by annotation; None for all others."""
    cpu_request_millicores: int
    """Processor request, in thousandths of a processor; there is no limit, so that spare time is used."""
    memory_request_mib: int
    """Memory request, in MiB."""
    memory_limit_mib: int
    """Memory limit, in MiB."""
    labels: Mapping[str, str]
    """Labels of all objects and pods; must tell this workload from every other of the namespace."""
    flows: Flows
    """Flows of the stack; those of `app.kubernetes.io/name` in this namespace are let through."""
    priority: Priority = Priority.SERVICES
    """Whether it is evicted before or after others."""
    arguments: Sequence[str] = ()
    """Arguments of the image's program; no secrets."""
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    """More TCP ports by name."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Plain environment variables."""
    field_env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables from fields of the pod, such as `spec.nodeName`."""
    secret_env: Mapping[str, SecretEnv] = field(default_factory=dict[str, SecretEnv])
    """Environment variables from Secrets."""
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Annotations of the pods; a change of one rolls them."""
    outside: Sequence[str] = ()
    """What for it calls somebody outside of the platform; its network policy says so."""
    mounts: Sequence[Mount] = ()
    """Folders in the container, besides /tmp."""
    api_token: bool = False
    """Whether the program talks to the Kubernetes API; its account's token is then mounted, for an hour at a time."""
    after: Sequence[pulumi.Resource] = ()
    """What has to exist before the pods, such as the ConfigMaps and Secrets of the mounts."""
    user: int = USER
    """User and group that the program runs as; 0 is root."""
    host_network: bool = False
    """Whether it uses the node's network interfaces instead of its own."""
    grace_seconds: int = 30
    """Time to end in order, in seconds; the drain is part of it."""
    start_seconds: int = 60
    """Time to become ready after a start, in seconds."""
    private_image: bool = False
    """Whether the image is in the platform's own registry; its node then shows the namespace's Secret there."""
    serves: bool = True
    """Whether it answers on its ports; what only runs to its end has no probe to answer and nobody to drain."""


def metadata(args: PodArgs, name: str | None = None) -> k8s.meta.v1.ObjectMetaArgs:
    """Metadata of the workload's objects."""
    labels = {"app.kubernetes.io/part-of": "luxima", **args.labels}
    return k8s.meta.v1.ObjectMetaArgs(name=name or args.workload, namespace=args.namespace, labels=labels)


def template(
    args: PodArgs, *, data_path: str | None = None, tolerate_all: bool = False, restart: str | None = None
) -> k8s.core.v1.PodTemplateSpecArgs:
    """The pod template; with `data_path` the claim `data` is mounted there; `restart` is Always by default."""
    found = {}
    if args.metrics_path is not None:
        found = {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(args.port),
            "prometheus.io/path": args.metrics_path,
        }
    annotations = {**found, **args.annotations}
    return k8s.core.v1.PodTemplateSpecArgs(
        metadata=k8s.meta.v1.ObjectMetaArgs(labels=dict(args.labels), annotations=annotations or None),
        spec=_spec(args, data_path, tolerate_all=tolerate_all, restart=restart),
    )


def _spec(args: PodArgs, data_path: str | None, *, tolerate_all: bool, restart: str | None) -> k8s.core.v1.PodSpecArgs:
    core = k8s.core.v1
    spread = core.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key="kubernetes.io/hostname",
        when_unsatisfiable="ScheduleAnyway",
        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels)),
    )
    tmp = Mount("tmp", "/tmp", size_mib=SCRATCH_MIB)  # noqa: S108 - in the container
    return core.PodSpecArgs(
        service_account_name=args.workload,
        priority_class_name=args.priority,
        automount_service_account_token=False,
        enable_service_links=False,
        restart_policy=restart,
        host_network=args.host_network or None,
        termination_grace_period_seconds=args.grace_seconds,
        security_context=core.PodSecurityContextArgs(
            run_as_non_root=args.user != 0,
            run_as_user=args.user,
            run_as_group=args.user,
            fs_group=args.user,
            seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        image_pull_secrets=[core.LocalObjectReferenceArgs(name=PULL_SECRET)] if args.private_image else None,
        # A pod of every node is spread by nature, and belongs on the control plane's nodes too.
        topology_spread_constraints=None if tolerate_all else [spread],
        tolerations=[core.TolerationArgs(operator="Exists", effect="NoSchedule")] if tolerate_all else None,
        containers=[_container(args, tmp, data_path)],
        volumes=[tmp.volume(), *(mount.volume() for mount in args.mounts), *([_token()] if args.api_token else ())],
    )


def _container(args: PodArgs, tmp: Mount, data_path: str | None) -> k8s.core.v1.ContainerArgs:
    core = k8s.core.v1
    health = core.HTTPGetActionArgs(path=args.health_path, port="http", scheme="HTTP")
    mounts = [tmp.mount(), *(mount.mount() for mount in args.mounts)]
    if data_path is not None:
        mounts.append(core.VolumeMountArgs(name="data", mount_path=data_path))
    if args.api_token:
        mounts.append(core.VolumeMountArgs(name="api-token", mount_path=TOKEN_PATH, read_only=True))
    return core.ContainerArgs(
        name="main",
        image=args.image,
        image_pull_policy="IfNotPresent",
        args=list(args.arguments) or None,
        ports=[
            core.ContainerPortArgs(name=name, container_port=port, protocol="TCP")
            for name, port in {"http": args.port, **args.ports}.items()
        ]
        if args.serves
        else None,
        env=[
            *(core.EnvVarArgs(name=key, value=value) for key, value in sorted(args.env.items())),
            *(
                core.EnvVarArgs(
                    name=key,
                    value_from=core.EnvVarSourceArgs(
                        secret_key_ref=core.SecretKeySelectorArgs(name=source.secret, key=source.key)
                    ),
                )
                for key, source in sorted(args.secret_env.items())
            ),
            *(
                core.EnvVarArgs(
                    name=key,
                    value_from=core.EnvVarSourceArgs(field_ref=core.ObjectFieldSelectorArgs(field_path=path)),
                )
                for key, path in sorted(args.field_env.items())
            ),
        ],
        resources=core.ResourceRequirementsArgs(
            requests={
                "cpu": cpu(args.cpu_request_millicores),
                "memory": memory(args.memory_request_mib),
                "ephemeral-storage": memory(SCRATCH_MIB),
            },
            limits={"memory": memory(args.memory_limit_mib), "ephemeral-storage": memory(4 * SCRATCH_MIB)},
        ),
        # A slow start is waited for; a pod that stops answering leaves the Service first and is restarted later.
        startup_probe=core.ProbeArgs(http_get=health, period_seconds=2, failure_threshold=args.start_seconds // 2)
        if args.serves
        else None,
        readiness_probe=core.ProbeArgs(http_get=health, period_seconds=5, failure_threshold=2) if args.serves else None,
        liveness_probe=_liveness(args) if args.serves else None,
        lifecycle=core.LifecycleArgs(
            pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=DRAIN_SECONDS))
        )
        if args.serves
        else None,
        security_context=core.SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            run_as_non_root=args.user != 0,
            capabilities=core.CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=mounts,
    )


def _liveness(args: PodArgs) -> k8s.core.v1.ProbeArgs:
    """Asked something else than readiness: a pod that waits for another one is not helped by a restart."""
    core = k8s.core.v1
    if args.live_path is None:
        socket = core.TCPSocketActionArgs(port="http")
        return core.ProbeArgs(tcp_socket=socket, period_seconds=10, failure_threshold=6)
    path = core.HTTPGetActionArgs(path=args.live_path, port="http", scheme="HTTP")
    return core.ProbeArgs(http_get=path, period_seconds=10, failure_threshold=6)


def _token() -> k8s.core.v1.VolumeArgs:
    """What the API server's clients expect to find, as the API server itself would mount it, but asked for by name."""
    core = k8s.core.v1
    sources = [
        core.VolumeProjectionArgs(
            service_account_token=core.ServiceAccountTokenProjectionArgs(path="token", expiration_seconds=3600)
        ),
        core.VolumeProjectionArgs(
            config_map=core.ConfigMapProjectionArgs(
                name="kube-root-ca.crt", items=[core.KeyToPathArgs(key="ca.crt", path="ca.crt")]
            )
        ),
        core.VolumeProjectionArgs(
            downward_api=core.DownwardAPIProjectionArgs(
                items=[
                    core.DownwardAPIVolumeFileArgs(
                        path="namespace", field_ref=core.ObjectFieldSelectorArgs(field_path="metadata.namespace")
                    )
                ]
            )
        ),
    ]
    return core.VolumeArgs(name="api-token", projected=core.ProjectedVolumeSourceArgs(sources=sources))
