"""What every program of this room is deployed with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.flows import NAME_LABEL, Flows
from components.kubernetes import Mount, PodArgs, Priority, StatefulWorkloadArgs
from components.programs import Program
from settings.environment import Environment
from settings.observability import Observability
from settings.observability.programs import Program as Size
from settings.retention import Retention


@dataclass(frozen=True)
class Secrets:
    """Secrets of the stack's configuration that this room hands on, by their key."""

    values: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Value by key; secret."""

    def of(self, *keys: str) -> dict[str, pulumi.Input[str]]:
        """Those that one program needs."""
        return {key: self.values[key] for key in keys}


@dataclass(frozen=True)
class WorkloadContext:
    """What the workload of a program is made from."""

    environment: Environment
    """Which environment the stack is."""
    observability: Observability
    """Settings of what observes."""
    retention: Retention
    """How long metrics are kept."""
    documents: Mapping[str, str]
    """What the programs read, by `<reader>/<path>`."""
    flows: Flows
    """Flows of the stack."""
    authority_mounts: Sequence[Mount]
    """What a program mounts to trust the private CA."""
    secrets: Secrets
    """What is told to the programs alone."""
    parent: pulumi.Resource
    """Component that everything belongs to."""
    prefix: str
    """Start of the resources' names."""

    @property
    def child(self) -> pulumi.ResourceOptions:
        """Options of what belongs to the room."""
        return pulumi.ResourceOptions(parent=self.parent)

    @property
    def namespace(self) -> str:
        """Namespace of the servers."""
        return self.observability.namespace

    def documents_of(self, reader: str) -> dict[str, str]:
        """Texts that one program reads, by path."""
        start = f"{reader}/"
        return {path.removeprefix(start): text for path, text in self.documents.items() if path.startswith(start)}

    def stateful(self, program: Program, size: Size, data_path: str) -> StatefulWorkloadArgs:
        """What the workload of every program that keeps data is made from; each adds what is its own.

        Args:
            program: Its record.
            size: Its size in the settings.
            data_path: Where its volume is seen in the container.
        """
        return StatefulWorkloadArgs(
            namespace=self.namespace,
            workload=program.name,
            image=program.image.reference,
            replicas=size.replicas,
            volume_gib=size.volume_gib,
            data_path=data_path,
            port=program.port,
            ports=program.ports,
            health_path=program.health_path,
            live_path=program.live_path,
            metrics_path=None,
            cpu_request_millicores=size.cpu_request_millicores,
            memory_request_mib=size.memory_mib // 2,
            memory_limit_mib=size.memory_mib,
            labels=self.labels(program.name),
            flows=self.flows,
            priority=Priority.WATCHING,
        )

    def labels(self, program: str) -> dict[str, str]:
        """Labels of a program's objects."""
        return {NAME_LABEL: program, "environment": self.environment.label}


def grant_read(
    context: WorkloadContext, args: PodArgs, rules: Sequence[k8s.rbac.v1.PolicyRuleArgs]
) -> list[pulumi.Resource]:
    """Let a program's account read from the Kubernetes API, in every namespace and nothing else."""
    name = f"{args.namespace}-{args.workload}"
    labels = {"app.kubernetes.io/part-of": "luxima", **args.labels}
    role = k8s.rbac.v1.ClusterRole(
        f"{context.prefix}-{args.workload}-role",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, labels=labels),
        rules=list(rules),
        opts=context.child,
    )
    binding = k8s.rbac.v1.ClusterRoleBinding(
        f"{context.prefix}-{args.workload}-role-binding",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, labels=labels),
        role_ref=k8s.rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=name),
        subjects=[k8s.rbac.v1.SubjectArgs(kind="ServiceAccount", name=args.workload, namespace=args.namespace)],
        opts=pulumi.ResourceOptions(parent=context.parent, depends_on=[role]),
    )
    return [role, binding]
