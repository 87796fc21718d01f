"""The one builder of workloads: what makes a pod safe and steady is decided here, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.quantities import cpu, memory

_USER: Final = 10001
"""User and group that containers run as; above the range that hosts give to their own accounts."""
_DRAIN_SECONDS: Final = 5
"""How long a pod that is leaving still answers, so that everybody has noticed that it leaves."""


@dataclass(frozen=True)
class SecretEnv:
    """An environment variable whose value comes from a Secret."""

    secret: str
    """Name of the Secret, in the workload's namespace."""
    key: str
    """Key in the Secret."""


@dataclass(frozen=True)
class EgressRule:
    """Where a workload may connect to."""

    cidr: str
    """Network, in CIDR notation."""
    ports: Sequence[int]
    """TCP ports."""


@dataclass(frozen=True)
class WorkloadArgs:
    """Inputs of a Workload."""

    namespace: str
    """Namespace it runs in."""
    workload: str
    """Name of its objects; a DNS label."""
    image: str
    """Container image, pinned."""
    replicas: int
    """Number of pods."""
    port: int
    """TCP port the container listens on."""
    health_path: str
    """Path that answers 200 when the pod can serve."""
    metrics_path: str
    """Path of the Prometheus metrics."""
    cpu_request_millicores: int
    """Processor request, in thousandths of a processor; there is no limit, so that spare time is used."""
    memory_request_mib: int
    """Memory request, in MiB."""
    memory_limit_mib: int
    """Memory limit, in MiB."""
    labels: Mapping[str, str]
    """Labels of all objects and pods; must tell this workload from every other of the namespace."""
    callers: Sequence[str] = ()
    """Namespaces whose pods may connect to the port."""
    egress: Sequence[EgressRule] = ()
    """Where it may connect to, besides DNS."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Plain environment variables."""
    secret_env: Mapping[str, SecretEnv] = field(default_factory=dict[str, SecretEnv])
    """Environment variables from Secrets."""
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Annotations of the pods; a change of one rolls them."""


class Workload(pulumi.ComponentResource):
    """Deployment, Service, account, disruption budget and network policy of one long-running program."""

    service_name: str
    """Name of the Service, in the workload's namespace."""
    deployment: k8s.apps.v1.Deployment
    """The Deployment; it exists once its pods are ready."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:Workload", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=self._metadata(), automount_service_account_token=False, opts=child
        )
        policy = k8s.networking.v1.NetworkPolicy(
            f"{name}-network-policy", metadata=self._metadata(), spec=self._network_policy(), opts=child
        )
        service = k8s.core.v1.Service(
            f"{name}-service",
            metadata=self._metadata(),
            spec=k8s.core.v1.ServiceSpecArgs(
                type="ClusterIP",
                selector=dict(args.labels),
                ports=[k8s.core.v1.ServicePortArgs(name="http", port=80, target_port="http", protocol="TCP")],
            ),
            # The Service of a slot waits for pods, which come right after it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=args.replicas,
                min_ready_seconds=5,
                progress_deadline_seconds=300,
                revision_history_limit=5,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels)),
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(
                        labels=dict(args.labels),
                        annotations={
                            "prometheus.io/scrape": "true",
                            "prometheus.io/port": str(args.port),
                            "prometheus.io/path": args.metrics_path,
                            **args.annotations,
                        },
                    ),
                    spec=self._pod(),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, policy]),
        )
        if args.replicas > 1:
            k8s.policy.v1.PodDisruptionBudget(
                f"{name}-disruption-budget",
                metadata=self._metadata(),
                spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                    max_unavailable=1, selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels))
                ),
                opts=child,
            )
        self.service_name = args.workload
        self.register_outputs({"service": service.metadata.name, "image": args.image})

    def _metadata(self) -> k8s.meta.v1.ObjectMetaArgs:
        args = self._args
        return k8s.meta.v1.ObjectMetaArgs(
            name=args.workload, namespace=args.namespace, labels={"app.kubernetes.io/part-of": "luxima", **args.labels}
        )

    def _network_policy(self) -> k8s.networking.v1.NetworkPolicySpecArgs:
        args = self._args
        return k8s.networking.v1.NetworkPolicySpecArgs(
            pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels)),
            policy_types=["Ingress", "Egress"],
            ingress=[
                k8s.networking.v1.NetworkPolicyIngressRuleArgs(
                    from_=[
                        k8s.networking.v1.NetworkPolicyPeerArgs(
                            namespace_selector=k8s.meta.v1.LabelSelectorArgs(
                                match_labels={"kubernetes.io/metadata.name": caller}
                            )
                        )
                    ],
                    ports=[k8s.networking.v1.NetworkPolicyPortArgs(port=args.port, protocol="TCP")],
                )
                for caller in args.callers
            ],
            egress=[
                k8s.networking.v1.NetworkPolicyEgressRuleArgs(
                    to=[
                        k8s.networking.v1.NetworkPolicyPeerArgs(ip_block=k8s.networking.v1.IPBlockArgs(cidr=rule.cidr))
                    ],
                    ports=[k8s.networking.v1.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in rule.ports],
                )
                for rule in args.egress
            ],
        )

    def _pod(self) -> k8s.core.v1.PodSpecArgs:
        args = self._args
        return k8s.core.v1.PodSpecArgs(
            service_account_name=args.workload,
            automount_service_account_token=False,
            enable_service_links=False,
            termination_grace_period_seconds=30,
            security_context=k8s.core.v1.PodSecurityContextArgs(
                run_as_non_root=True,
                run_as_user=_USER,
                run_as_group=_USER,
                fs_group=_USER,
                seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
            ),
            topology_spread_constraints=[
                k8s.core.v1.TopologySpreadConstraintArgs(
                    max_skew=1,
                    topology_key="kubernetes.io/hostname",
                    when_unsatisfiable="ScheduleAnyway",
                    label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels)),
                )
            ],
            containers=[self._container()],
            volumes=[
                k8s.core.v1.VolumeArgs(name="tmp", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(size_limit="64Mi"))
            ],
        )

    def _container(self) -> k8s.core.v1.ContainerArgs:
        args = self._args
        health = k8s.core.v1.HTTPGetActionArgs(path=args.health_path, port="http", scheme="HTTP")
        return k8s.core.v1.ContainerArgs(
            name="main",
            image=args.image,
            image_pull_policy="IfNotPresent",
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=args.port, protocol="TCP")],
            env=[
                *(k8s.core.v1.EnvVarArgs(name=key, value=value) for key, value in sorted(args.env.items())),
                *(
                    k8s.core.v1.EnvVarArgs(
                        name=key,
                        value_from=k8s.core.v1.EnvVarSourceArgs(
                            secret_key_ref=k8s.core.v1.SecretKeySelectorArgs(name=source.secret, key=source.key)
                        ),
                    )
                    for key, source in sorted(args.secret_env.items())
                ),
            ],
            resources=k8s.core.v1.ResourceRequirementsArgs(
                requests={"cpu": cpu(args.cpu_request_millicores), "memory": memory(args.memory_request_mib)},
                limits={"memory": memory(args.memory_limit_mib)},
            ),
            # A slow start is waited for; a pod that stops answering leaves the Service first and is restarted later.
            startup_probe=k8s.core.v1.ProbeArgs(http_get=health, period_seconds=2, failure_threshold=30),
            readiness_probe=k8s.core.v1.ProbeArgs(http_get=health, period_seconds=5, failure_threshold=2),
            liveness_probe=k8s.core.v1.ProbeArgs(http_get=health, period_seconds=10, failure_threshold=6),
            lifecycle=k8s.core.v1.LifecycleArgs(
                pre_stop=k8s.core.v1.LifecycleHandlerArgs(sleep=k8s.core.v1.SleepActionArgs(seconds=_DRAIN_SECONDS))
            ),
            security_context=k8s.core.v1.SecurityContextArgs(
                allow_privilege_escalation=False,
                read_only_root_filesystem=True,
                run_as_non_root=True,
                capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
            ),
            volume_mounts=[k8s.core.v1.VolumeMountArgs(name="tmp", mount_path="/tmp")],  # noqa: S108 - in the container
        )
