"""The Kubernetes cluster: set up on VMs of the stack, or one that exists; in the end a provider that speaks to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_command as command
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.kubernetes import steps
from components.kubernetes.cluster_version import ClusterVersion
from components.kubernetes.renewal import Renewal
from settings.compute import Compute
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
    """Mode, name, version and addresses."""
    compute: Compute
    """The machines' names, roles and addresses."""
    servers: Mapping[str, Machine] = field(default_factory=dict[str, Machine])
    """Machines of the control plane in mode `k3s`, by name; the first one founded the cluster."""
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
            self.kubeconfig = pulumi.Output.secret(self._made(cluster, args))
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

    def _made(self, cluster: str, args: ClusterArgs) -> pulumi.Output[str]:
        """Have every machine be what the settings say, one after another, and fetch the kubeconfig from the first.

        The servers come first. A step that fails stops all that follow: two members of etcd are never away together.
        """
        token = random.RandomPassword(
            f"{cluster}-join-token", length=48, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
        first, *_ = args.servers
        version = ClusterVersion(f"{cluster}-version", args.kubernetes.version, pulumi.ResourceOptions(parent=self))
        founding = self._step(
            f"{cluster}-founding",
            args,
            args.servers[first],
            steps.as_root(steps.found(first)),
            # Once in the life of the cluster: a first server that is made anew joins the others.
            update=steps.NOTHING,
            opts=_after(args.servers[first].ready, args.servers[first].settled),
        )
        before: list[pulumi.Resource] = [version, founding]
        for name, machine in {**args.servers, **args.agents}.items():
            # A machine that is made anew has nothing yet, and takes its steps with it when it goes.
            with_it = pulumi.ResourceOptions(replace_with=[machine.ready], deleted_with=machine.ready)
            before += [machine.ready, machine.settled]
            for peer in [peer for peer in args.servers if peer != name][:1]:
                admission = self._step(
                    f"{cluster}-{name}-admission",
                    args,
                    args.servers[peer],
                    steps.as_root(steps.admit(peer, name)),
                    update=steps.NOTHING,
                    opts=_after(*before, args.servers[peer].ready, args.servers[peer].settled, and_also=with_it),
                )
                before = [admission]
            started = self._step(
                f"{cluster}-{name}-start",
                args,
                machine,
                steps.as_root(steps.node(args.kubernetes, args.compute, name)),
                stdin=token.result,
                opts=_after(*before, and_also=with_it),
            )
            before = [started]
        age = Renewal(f"{cluster}-kubeconfig-age", pulumi.ResourceOptions(parent=self))
        fetched = self._step(
            f"{cluster}-kubeconfig",
            args,
            args.servers[first],
            steps.as_root(steps.kubeconfig(args.kubernetes, first)),
            again=age.since,
            opts=_after(*before, and_also=pulumi.ResourceOptions(additional_secret_outputs=["stdout", "stderr"])),
        )
        return fetched.stdout

    def _step(
        self,
        name: str,
        args: ClusterArgs,
        machine: Machine,
        create: str,
        *,
        update: str | None = None,
        stdin: pulumi.Input[str] | None = None,
        again: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions,
    ) -> command.remote.Command:
        """Something that is done on a machine, and done anew when `again` changes."""
        return command.remote.Command(
            name,
            connection=command.remote.ConnectionArgs(
                host=machine.address,
                user=args.ssh_user,
                private_key=args.ssh_private_key,
                # A new machine needs minutes until it answers: 60 tries of at most 15 s.
                dial_error_limit=60,
                per_dial_timeout=15,
            ),
            create=create,
            update=update,
            stdin=stdin,
            triggers=None if again is None else [again],
            logging=command.remote.Logging.NONE,
            # What a step printed, such as a kubeconfig, is not told to its next run.
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(parent=self)),
        )


def _after(*earlier: pulumi.Resource, and_also: pulumi.ResourceOptions | None = None) -> pulumi.ResourceOptions:
    """Options of what waits for others."""
    return pulumi.ResourceOptions.merge(and_also, pulumi.ResourceOptions(depends_on=list(earlier)))
