"""The Kubernetes cluster: set up on VMs of the stack, or one that exists; in the end a provider that speaks to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.kubernetes.k3s import kubeconfig_command, start_command
from settings.kubernetes import Kubernetes


@dataclass(frozen=True)
class Machine:
    """A VM that becomes a node."""

    address: str
    """Address that SSH connects to."""
    ready: pulumi.Resource
    """The VM's resource, which has to exist first."""
    settled: pulumi.Resource
    """What has to exist before anything is done on it: the firewall around it, and that it answers."""


@dataclass(frozen=True)
class ClusterArgs:
    """Inputs of the KubernetesCluster."""

    kubernetes: Kubernetes
    """Mode, name and addresses."""
    servers: Mapping[str, Machine] = field(default_factory=dict[str, Machine])
    """Machines of the control plane in mode `k3s`, by name; the first one founds the cluster."""
    agents: Mapping[str, Machine] = field(default_factory=dict[str, Machine])
    """Machines that carry the workloads in mode `k3s`, by name."""
    ssh_user: str = "root"
    """User that may use sudo on the machines."""
    ssh_private_key: pulumi.Input[str] | None = None
    """Private key of that user; secret."""
    kubeconfig: pulumi.Input[str] | None = None
    """Kubeconfig of the cluster in mode `existing`; secret."""


class KubernetesCluster(pulumi.ComponentResource):
    """A cluster whose provider the other rooms use."""

    provider: k8s.Provider
    """Provider of everything in the cluster."""
    kubeconfig: pulumi.Output[str]
    """Administrator's kubeconfig; secret."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:KubernetesCluster", name, None, opts)
        cluster = args.kubernetes.cluster
        if args.kubernetes.mode == "k3s":
            self.kubeconfig = pulumi.Output.secret(self._found(cluster, args))
        elif args.kubeconfig is None:
            raise ValueError("a cluster of mode `existing` needs its kubeconfig")
        else:
            self.kubeconfig = pulumi.Output.secret(args.kubeconfig)
        self.provider = k8s.Provider(
            "kubernetes",
            kubeconfig=self.kubeconfig,
            # It is the same cluster under a new address, or with a new certificate: nothing in it is made anew.
            cluster_identifier=cluster,
            enable_server_side_apply=True,
            # What the program declares is the program's, also after somebody changed it by hand.
            enable_patch_force=True,
            # A Secret with a name of its own is changed in place: replacing it would leave pods without it for a while.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"cluster": cluster})

    def _found(self, cluster: str, args: ClusterArgs) -> pulumi.Output[str]:
        """Start k3s on every machine, the first server first, and fetch the kubeconfig from it."""
        token = random.RandomPassword(
            f"{cluster}-join-token", length=48, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
        started: list[pulumi.Resource] = []
        first, *_ = args.servers
        for name, machine in {**args.servers, **args.agents}.items():
            started.append(
                command.remote.Command(
                    f"{cluster}-{name}-start",
                    connection=self._connection(args, machine),
                    create=start_command(),
                    stdin=token.result,
                    logging=command.remote.Logging.NONE,
                    # A machine that is made anew has no token yet, and takes the step with it when it goes.
                    opts=pulumi.ResourceOptions(
                        parent=self,
                        depends_on=[machine.ready, machine.settled, *started[:1]],
                        replace_with=[machine.ready],
                        deleted_with=machine.ready,
                    ),
                )
            )
        fetched = command.remote.Command(
            f"{cluster}-kubeconfig",
            connection=self._connection(args, args.servers[first]),
            create=kubeconfig_command(args.kubernetes),
            logging=command.remote.Logging.NONE,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=started[:1], additional_secret_outputs=["stdout", "stderr"]
            ),
        )
        return fetched.stdout

    def _connection(self, args: ClusterArgs, machine: Machine) -> command.remote.ConnectionArgs:
        return command.remote.ConnectionArgs(
            host=machine.address,
            user=args.ssh_user,
            private_key=args.ssh_private_key,
            # A new machine needs minutes until it answers: 60 tries of at most 15 s.
            dial_error_limit=60,
            per_dial_timeout=15,
        )
