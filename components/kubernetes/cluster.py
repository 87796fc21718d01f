"""The Kubernetes cluster: set up on VMs of the stack, or one that exists; in the end a provider that speaks to it."""

from dataclasses import dataclass

import pulumi
import pulumi_command as command
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.kubernetes import steps
from components.kubernetes.cluster_version import ClusterVersion
from components.kubernetes.renewal import Renewal
from components.login import Login, Made
from settings.compute import Compute
from settings.kubernetes import Kubernetes


@dataclass(frozen=True)
class Machine:
    """A VM that becomes a node."""

    login: Login
    """How it is reached, by a user who may use sudo."""
    hypervisor: Login
    """How its Proxmox node is reached."""
    made: Made
    """The VM, which has to exist first."""
    settled: pulumi.Resource
    """What has to exist before anything is done on it: the firewall around it, and that it answers."""


@dataclass(frozen=True)
class ClusterArgs:
    """Inputs of the KubernetesCluster."""

    kubernetes: Kubernetes
    """Mode, name, version and addresses."""
    compute: Compute
    """The machines' names, roles, numbers and addresses."""
    registry: str | None = None
    """Name of the image registry where the private CA signs its certificate; None where a public authority does."""
    kubeconfig: pulumi.Input[str] | None = None
    """Kubeconfig of the cluster in mode `existing`; secret."""


class KubernetesCluster(pulumi.ComponentResource):
    """A cluster whose provider the other rooms use."""

    provider: k8s.Provider
    """Provider of everything in the cluster; there when the cluster is complete."""
    kubeconfig: pulumi.Output[str]
    """Administrator's kubeconfig; secret; there when the cluster is complete."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:KubernetesCluster", name, None, opts)
        self._args = args
        self._name = args.kubernetes.cluster
        self._machines: dict[str, Machine] = {}
        if args.kubernetes.mode == "existing":
            return
        self._token = random.RandomPassword(
            f"{self._name}-join-token", length=48, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
        self._before: list[pulumi.Resource] = [
            ClusterVersion(f"{self._name}-version", args.kubernetes.version, pulumi.ResourceOptions(parent=self))
        ]

    def join(self, name: str, machine: Machine) -> pulumi.Resource:
        """Have a machine be the node that the settings say, after those that joined before it; returns its last step.

        The servers come first, in the order of the settings, and the first one of them founded the cluster. A step that
        fails stops all that follow: two members of etcd are never away together.
        """
        servers = list(self._args.compute.by_role("k3s_server"))
        # A machine that is made anew has nothing yet.
        with_it = machine.made.with_it()
        before = [*self._before, machine.settled]
        if name == servers[0]:
            founding = self._step(
                f"{self._name}-founding",
                machine.login,
                steps.found(name),
                # Once in the life of the cluster: a first server that is made anew joins the others.
                update=steps.NOTHING,
                opts=_after(machine.made.resource, machine.settled),
            )
            before.append(founding)
        told: pulumi.Output[str] = self._token.result
        if servers != [name]:
            admission = self._step(
                f"{self._name}-{name}-admission",
                machine.hypervisor,
                steps.admission(self._args.compute, name),
                # What was true on its first day is not done again; how the cluster is known is asked again.
                update=steps.admission(self._args.compute, name, lets_in=False),
                again=machine.made.identity,
                opts=_after(*before, and_also=with_it),
            )
            before = [admission]
            told = pulumi.Output.format("{0}\n{1}\n", told, admission.stdout)
        started = self._step(
            f"{self._name}-{name}-start",
            machine.login,
            steps.node(self._args.kubernetes, self._args.compute, name, self._args.registry),
            stdin=told,
            again=machine.made.identity,
            opts=_after(*before, and_also=with_it),
        )
        self._before = [started]
        self._machines[name] = machine
        return started

    def complete(self) -> None:
        """Make the provider, when all machines have joined."""
        if self._args.kubernetes.mode == "k3s":
            self.kubeconfig = pulumi.Output.secret(self._fetched())
        elif self._args.kubeconfig is None:
            raise ValueError("a cluster of mode `existing` needs its kubeconfig")
        else:
            self.kubeconfig = pulumi.Output.secret(self._args.kubeconfig)
        self.provider = k8s.Provider(
            "kubernetes",
            kubeconfig=self.kubeconfig,
            # It is the same cluster under a new address, or with a new certificate: nothing in it is made anew.
            cluster_identifier=self._name,
            enable_server_side_apply=True,
            # What the program declares is the program's, also after somebody changed it by hand.
            enable_patch_force=True,
            # A Secret with a name of its own is changed in place: replacing it would leave pods without it for a while.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"cluster": self._name})

    def _fetched(self) -> pulumi.Output[str]:
        """The kubeconfig, from the first server."""
        first = next(iter(self._args.compute.by_role("k3s_server")))
        age = Renewal(f"{self._name}-kubeconfig-age", pulumi.ResourceOptions(parent=self))
        return self._step(
            f"{self._name}-kubeconfig",
            self._machines[first].login,
            steps.kubeconfig(self._args.kubernetes, first),
            again=age.since,
            opts=_after(*self._before, and_also=pulumi.ResourceOptions(additional_secret_outputs=["stdout", "stderr"])),
        ).stdout

    def trust(self, authority: pulumi.Input[str]) -> list[pulumi.Resource]:
        """Have every machine believe what the private CA signs, whose certificate is made in the cluster."""
        return [
            self._step(
                f"{self._name}-{name}-authority",
                machine.login,
                steps.trust(name),
                stdin=authority,
                again=machine.made.identity,
                opts=_after(machine.settled, and_also=machine.made.with_it()),
            )
            for name, machine in self._machines.items()
        ]

    def _step(
        self,
        name: str,
        login: Login,
        script: str,
        *,
        update: str | None = None,
        stdin: pulumi.Input[str] | None = None,
        again: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions,
    ) -> command.remote.Command:
        """Something that is done on a machine, and done anew when `again` changes."""
        return command.remote.Command(
            name,
            connection=login.connection,
            create=login.as_root(script),
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
