"""Docker on a host of the stack, by a command that runs it there."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from release.errors import ReleaseError

_UNREACHABLE: Final = ("Cannot connect to the Docker daemon", "error during connect")
_SSH_FAILED: Final = 255
_SSH: Final = ("LogLevel=ERROR", "StrictHostKeyChecking=accept-new", "ConnectTimeout=20", "ServerAliveInterval=15")
"""Its own remarks would be read as Docker's; a new host's key is learnt as `pulumi up` does it; a dead host is told."""


class UnreachableError(ReleaseError):
    """The host does not answer, so nobody knows what runs on it."""


@dataclass(frozen=True)
class Docker:
    """Docker on one host."""

    command: Sequence[str]
    """What runs it there, as in ["docker", "-H", "tcp://10.10.10.41"]."""
    by_shell: bool = False
    """Whether a shell there takes the arguments apart once more, as behind SSH."""

    @classmethod
    def over_ssh(cls, login: str) -> "Docker":
        """Docker on another machine.

        Args:
            login: User and address, as in luxima@10.10.10.41.
        """
        options = [part for each in _SSH for part in ("-o", each)]
        return cls(["ssh", *options, login, "docker"], by_shell=True)

    def run(self, *arguments: str) -> str:
        """Run it; gives what it said.

        Raises:
            UnreachableError: When the host does not answer.
            ReleaseError: When Docker refuses; its last line says why.
        """
        told = [shlex.join(arguments)] if self.by_shell else arguments
        try:
            done = subprocess.run([*self.command, *told], capture_output=True, text=True, check=False)
        except OSError as error:
            raise ReleaseError(f"{self.command[0]} cannot be run: {error.strerror}") from None
        if done.returncode == 0:
            return done.stdout + done.stderr
        said = (done.stderr or done.stdout).strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        lost = done.returncode == _SSH_FAILED or any(each in done.stderr for each in _UNREACHABLE)
        raise (UnreachableError if lost else ReleaseError)(f"docker {' '.join(arguments)}: {reason}")
