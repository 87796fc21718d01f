"""How a machine is reached over SSH: by its address, and only when it shows the key that is known of it (SEC-1)."""

import shlex
from dataclasses import dataclass

import pulumi
import pulumi_command as command


@dataclass(frozen=True)
class Login:
    """One machine, and whoever logs in to it."""

    address: str
    """Address that SSH connects to."""
    user: str
    """User, who is root or may use sudo."""
    private_key: pulumi.Input[str]
    """Private key of that user; secret."""
    host_key: pulumi.Input[str]
    """Public key of the machine, as a line of type and base64; whatever shows another one is not spoken to."""

    def as_root(self, script: str) -> str:
        """Shell command for this user that runs a script of bash as root."""
        return f"{'' if self.user == 'root' else 'sudo '}bash -c {shlex.quote(script)}"

    @property
    def connection(self) -> command.remote.ConnectionArgs:
        """What a command is given; a machine that starts needs minutes until it answers: 60 tries of at most 15 s."""
        return command.remote.ConnectionArgs(
            host=self.address,
            user=self.user,
            private_key=self.private_key,
            host_key=self.host_key,
            dial_error_limit=60,
            per_dial_timeout=15,
        )


@dataclass(frozen=True)
class Made:
    """A machine, for what is done on it: each such step is done anew when the machine is."""

    resource: pulumi.Resource
    """The machine itself."""
    identity: pulumi.Input[str]
    """What no other machine has, even one that takes its place: the address of its network card."""

    def with_it(self, opts: pulumi.ResourceOptions | None = None) -> pulumi.ResourceOptions:
        """Options of a step: it comes and goes with the machine."""
        own = pulumi.ResourceOptions(
            replace_with=[self.resource], deleted_with=self.resource, depends_on=[self.resource]
        )
        return pulumi.ResourceOptions.merge(opts, own)
