"""Where everything of one stack's sandbox lies: `.sandbox/<stack>/` in the checkout, and nowhere else."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sandbox.faults import SandboxError
from settings import stacks
from settings.loading import unknown

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

PYCACHE = ROOT / ".sandbox" / ".pycache"
"""Bytecode of everything that the sandbox runs in Python."""

PROJECT = "luxima"
"""The project's name in `Pulumi.yaml`."""


@dataclass(frozen=True)
class EngineFolder:
    """What one engine run reads and writes; `preview` has one of its own, so that it never sees what `up` made."""

    base: Path
    stack: str

    @property
    def bin(self) -> Path:
        """Provider and analyzer scripts, first on the engine's PATH."""
        return self.base / "bin"

    @property
    def project(self) -> Path:
        """The overlaid copy of the project file and the stack file."""
        return self.base / "project"

    @property
    def stack_file(self) -> Path:
        """The copy of the stack's settings with the sandbox's endpoints and sealed secrets."""
        return self.project / f"Pulumi.{self.stack}.yaml"

    @property
    def state(self) -> Path:
        """The file backend."""
        return self.base / "state"

    @property
    def checkpoint(self) -> Path:
        """The state file of the stack in the file backend."""
        return self.state / ".pulumi" / "stacks" / PROJECT / f"{self.stack}.json"

    @property
    def locks(self) -> Path:
        """The file backend's lock files of the stack."""
        return self.state / ".pulumi" / "locks" / "organization" / PROJECT / self.stack

    @property
    def home(self) -> Path:
        """PULUMI_HOME."""
        return self.base / "home"

    @property
    def temporary(self) -> Path:
        """TMPDIR; the Kubernetes plugin leaves the kubeconfig there, so it is emptied after each run."""
        return self.base / "tmp"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.base / "logs"

    @property
    def run(self) -> Path:
        """Process records and marks of what is under way."""
        return self.base / "run"


@dataclass(frozen=True)
class Layout:
    """The folders of one stack."""

    stack: str
    root: Path = ROOT

    @property
    def sandbox(self) -> Path:
        """The folder of all stacks of this checkout."""
        return self.root / ".sandbox"

    @property
    def base(self) -> Path:
        """This stack's folder."""
        return self.sandbox / self.stack

    @cached_property
    def engine(self) -> EngineFolder:
        """The engine's folder for everything but `preview`."""
        return EngineFolder(self.base, self.stack)

    @cached_property
    def preview(self) -> EngineFolder:
        """The engine's folder for `preview`."""
        return EngineFolder(self.base / "preview", self.stack)

    @property
    def tls(self) -> Path:
        """The sandbox's own certificate authority and what it signed."""
        return self.base / "tls"

    @property
    def ca_bundle(self) -> Path:
        """The system's authorities and the sandbox's: what clients of the servers trust."""
        return self.tls / "ca-bundle.pem"

    @property
    def logs(self) -> Path:
        """Log files of the servers."""
        return self.base / "logs"

    @property
    def run(self) -> Path:
        """Process records of the servers."""
        return self.base / "run"

    @property
    def data(self) -> Path:
        """The servers' data, kept by `down`."""
        return self.base / "data"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, certificates embedded."""
        return self.base / "kubeconfig"

    @property
    def images(self) -> Path:
        """How images of services behave here, where somebody wants to see more than that they work."""
        return self.base / "images.json"

    @property
    def secrets(self) -> Path:
        """The secrets that the sandbox made, mode 0600."""
        return self.base / "secrets.json"

    @property
    def committed_stack_file(self) -> Path:
        """The stack's settings as they are in the checkout."""
        return self.root / f"Pulumi.{self.stack}.yaml"

    def prepare(self) -> None:
        """Make the folders, readable by this user only.

        Raises:
            SandboxError: When the checkout cannot be written.
        """
        try:
            for folder in (self.sandbox, self.base):
                folder.mkdir(mode=0o700, exist_ok=True)
            for folder in (self.tls, self.logs, self.run, self.data):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise SandboxError(
                f"{error.filename}: cannot be made ({error.strerror}); make the checkout writable for this user"
            ) from error

    def require_owner(self) -> None:
        """See that this user may look into what is there.

        Raises:
            SandboxError: When it is somebody else's, such as root's.
        """
        for folder in (self.sandbox, self.base):
            try:
                owner = folder.stat().st_uid
            except FileNotFoundError:
                return
            if os.geteuid() not in {owner, 0}:
                way = "with sudo" if owner == 0 else f"as user {owner}"
                raise SandboxError(f"{relative(folder)} was made by another user: run this command {way}")

    def require_stack(self) -> None:
        """See that the checkout has such a stack, or had one whose sandbox is still there.

        Raises:
            SandboxError: When it does not; names those that it has.
        """
        if self.stack not in {*self.known_stacks(), *self.used_stacks()}:
            raise self.unknown()

    def unknown(self) -> SandboxError:
        """Says that the checkout has no such stack."""
        return SandboxError(str(unknown(self.stack, self.root)))

    def known_stacks(self) -> list[str]:
        """The stacks that the checkout has a settings file for."""
        return stacks(self.root)

    def used_stacks(self) -> list[str]:
        """The stacks that have a sandbox folder."""
        if not self.sandbox.is_dir():
            return []
        return sorted(path.name for path in self.sandbox.iterdir() if path.is_dir() and path.name[0] != ".")


def relative(path: Path) -> str:
    """The path as a person in the checkout would type it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
