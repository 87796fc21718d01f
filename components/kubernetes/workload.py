"""Long-running programs: as a Deployment, as a StatefulSet with a volume for each pod, or as a pod on every node."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.guards import guards
from components.kubernetes.pod import PodArgs, metadata, template
from components.kubernetes.volume_size import VolumeSize


@dataclass(frozen=True)
class Autoscaling:
    """How many pods there are by load."""

    max_replicas: int
    """Number of pods at most."""
    cpu_percent: int
    """Use of the processor request that is aimed at, in percent."""


@dataclass(frozen=True)
class Balancer:
    """Addresses outside of the cluster, which kube-vip holds."""

    addresses: Sequence[str]
    """Virtual IPv4 addresses."""
    ports: Mapping[str, int]
    """TCP port of the Service by the pods' name of it."""


@dataclass(frozen=True, kw_only=True)
class WorkloadArgs(PodArgs):
    """Inputs of a Workload."""

    replicas: int
    """Number of pods."""
    service_port: int = 80
    """TCP port of the Service in front of `port`."""
    balancer: Balancer | None = None
    """Makes the Service one of type LoadBalancer, with these ports instead."""
    max_surge: int = 1
    """Pods more than `replicas` while it rolls out."""
    max_unavailable: int = 0
    """Pods fewer than `replicas` that are ready while it rolls out."""
    min_ready_seconds: int = 5
    """How long a new pod has to be ready before the next one is replaced, in seconds."""
    autoscaling: Autoscaling | None = None
    """Pods by load, from `replicas` on."""


@dataclass(frozen=True, kw_only=True)
class StatefulWorkloadArgs(PodArgs):
    """Inputs of a StatefulWorkload."""

    replicas: int
    """Number of pods."""
    volume_gib: int
    """Volume of each pod, in GiB; another one than it was made with is refused in the preview."""
    data_path: str
    """Where the volume is seen in the container."""


class Workload(pulumi.ComponentResource):
    """Deployment, Service, account, disruption budget and network policy of one long-running program."""

    service_name: str
    """Name of the Service, in the workload's namespace."""
    deployment: k8s.apps.v1.Deployment
    """The Deployment; it exists once its pods are ready."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:Workload", name, None, opts)
        before = guards(self, name, args)
        ports = {"http": args.service_port} if args.balancer is None else args.balancer.ports
        service = _service(self, name, args, ports, before[1:2], balancer=args.balancer)
        self.deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata(args),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=args.replicas,
                min_ready_seconds=args.min_ready_seconds,
                progress_deadline_seconds=300 + args.min_ready_seconds,
                revision_history_limit=5,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels)),
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(
                        max_surge=args.max_surge, max_unavailable=args.max_unavailable
                    ),
                ),
                template=template(args),
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=before,
                custom_timeouts=_patience(args.replicas, args.min_ready_seconds),
                # What an autoscaler decides is its own, and is left as it is: the provider then applies the number that
                # is there. Not declaring it would make it 1 until the autoscaler looks again.
                ignore_changes=None if args.autoscaling is None else ["spec.replicas"],
            ),
        )
        if args.autoscaling is not None:
            self._autoscaler(name, args, args.autoscaling)
        _disruption_budget(self, name, args, args.replicas)
        self.service_name = args.workload
        self.register_outputs({"service": service.metadata.name, "image": args.image})

    def _autoscaler(self, name: str, args: WorkloadArgs, autoscaling: Autoscaling) -> None:
        scaling = k8s.autoscaling.v2
        k8s.autoscaling.v2.HorizontalPodAutoscaler(
            f"{name}-autoscaler",
            metadata=metadata(args),
            spec=scaling.HorizontalPodAutoscalerSpecArgs(
                scale_target_ref=scaling.CrossVersionObjectReferenceArgs(
                    api_version="apps/v1", kind="Deployment", name=args.workload
                ),
                min_replicas=args.replicas,
                max_replicas=autoscaling.max_replicas,
                metrics=[
                    scaling.MetricSpecArgs(
                        type="Resource",
                        resource=scaling.ResourceMetricSourceArgs(
                            name="cpu",
                            target=scaling.MetricTargetArgs(
                                type="Utilization", average_utilization=autoscaling.cpu_percent
                            ),
                        ),
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.deployment]),
        )


class StatefulWorkload(pulumi.ComponentResource):
    """StatefulSet, Services, account, disruption budget and network policy of one program that keeps data."""

    service_name: str
    """Name of the Service, in the workload's namespace; its ports are the pods' own."""
    stateful_set: k8s.apps.v1.StatefulSet
    """The StatefulSet; it exists once its pods are ready."""

    def __init__(self, name: str, args: StatefulWorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:StatefulWorkload", name, None, opts)
        before = guards(self, name, args)
        ports = {"http": args.port, **args.ports}
        service = _service(self, name, args, ports, before[1:2])
        headless = _service(self, name, args, ports, before[1:2], headless=True)
        claim = k8s.core.v1.PersistentVolumeClaimArgs(
            api_version="v1",
            kind="PersistentVolumeClaim",
            metadata=k8s.meta.v1.ObjectMetaArgs(name="data", labels=dict(args.labels)),
            spec=k8s.core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                resources=k8s.core.v1.VolumeResourceRequirementsArgs(requests={"storage": f"{args.volume_gib}Gi"}),
            ),
        )
        size = VolumeSize(f"{name}-volume", args.workload, args.volume_gib, pulumi.ResourceOptions(parent=self))
        self.stateful_set = k8s.apps.v1.StatefulSet(
            f"{name}-stateful-set",
            metadata=metadata(args),
            spec=k8s.apps.v1.StatefulSetSpecArgs(
                replicas=args.replicas,
                service_name=f"{args.workload}-headless",
                # All at once: replicas of what runs here find each other, whoever is first.
                pod_management_policy="Parallel",
                min_ready_seconds=5,
                revision_history_limit=5,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels)),
                update_strategy=k8s.apps.v1.StatefulSetUpdateStrategyArgs(type="RollingUpdate"),
                template=template(args, data_path=args.data_path),
                volume_claim_templates=[claim],
            ),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*before, headless, size], custom_timeouts=_patience(args.replicas)
            ),
        )
        _disruption_budget(self, name, args, args.replicas)
        self.service_name = args.workload
        self.register_outputs({"service": service.metadata.name, "image": args.image})


class NodeWorkload(pulumi.ComponentResource):
    """DaemonSet, account and network policy of one program that runs on every node."""

    daemon_set: k8s.apps.v1.DaemonSet
    """The DaemonSet; it exists once a pod is ready on every node."""

    def __init__(self, name: str, args: PodArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:NodeWorkload", name, None, opts)
        self.daemon_set = k8s.apps.v1.DaemonSet(
            f"{name}-daemon-set",
            metadata=metadata(args),
            spec=k8s.apps.v1.DaemonSetSpecArgs(
                min_ready_seconds=5,
                revision_history_limit=5,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels)),
                update_strategy=k8s.apps.v1.DaemonSetUpdateStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDaemonSetArgs(max_unavailable="25%"),
                ),
                template=template(args, tolerate_all=True),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=guards(self, name, args)),
        )
        self.register_outputs({"image": args.image})


def _service(
    parent: pulumi.Resource,
    name: str,
    args: PodArgs,
    ports: Mapping[str, int],
    before: list[pulumi.Resource],
    *,
    headless: bool = False,
    balancer: Balancer | None = None,
) -> k8s.core.v1.Service:
    """The Service in front of the pods, or the one that gives each pod a name of its own."""
    described = metadata(args, f"{args.workload}-headless" if headless else None)
    if balancer is not None:
        described.annotations = {"kube-vip.io/loadbalancerIPs": ",".join(balancer.addresses)}
    return k8s.core.v1.Service(
        f"{name}-headless" if headless else f"{name}-service",
        metadata=described,
        spec=k8s.core.v1.ServiceSpecArgs(
            type="ClusterIP" if balancer is None else "LoadBalancer",
            cluster_ip="None" if headless else None,
            # The pods see who really called; a node without one of them is not asked.
            external_traffic_policy=None if balancer is None else "Local",
            # kube-vip leads to the address itself: a port on every node would be one more door that no table lists.
            allocate_load_balancer_node_ports=None if balancer is None else False,
            # Pods find each other before they are ready.
            publish_not_ready_addresses=True if headless else None,
            selector=dict(args.labels),
            ports=[
                k8s.core.v1.ServicePortArgs(name=port, port=number, target_port=port, protocol="TCP")
                for port, number in ports.items()
            ],
        ),
        # A Service waits for pods, which come right after it.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=before, custom_timeouts=_patience(1)),
    )


def _patience(replicas: int, min_ready_seconds: int = 0) -> pulumi.CustomTimeouts:
    """How long the engine waits for pods: new ones start together, a rollout replaces them one after another."""
    create, each = 300 + min_ready_seconds, 120 + min_ready_seconds
    return pulumi.CustomTimeouts(create=f"{create}s", update=f"{300 + each * replicas}s")


def _disruption_budget(parent: pulumi.Resource, name: str, args: PodArgs, replicas: int) -> None:
    if replicas > 1:
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=metadata(args),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1, selector=k8s.meta.v1.LabelSelectorArgs(match_labels=dict(args.labels))
            ),
            opts=pulumi.ResourceOptions(parent=parent),
        )
