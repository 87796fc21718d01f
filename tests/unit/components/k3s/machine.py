"""A machine for the steps over SSH: a folder for its root, and fakes of the programs that the steps call there."""

import base64
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from components.kubernetes import steps
from settings import Settings
from tests.recording import AUTHORITY, stack_settings

TOKEN = "t0ken"
DIGEST = f"K10{'0a' * 32}"
TOLD = f"{DIGEST} {base64.b64encode(AUTHORITY.encode()).decode()}"
"""What a server of the cluster tells."""
REGISTRY = "registry.dev.luxima.local"
_FAKES = ("cloud-init", "curl", "fake-k3s", "hostname", "journalctl", "qm", "ssh", "sysctl", "systemctl")


@dataclass(frozen=True)
class Machine:
    """One machine of the prod stack."""

    folder: Path
    name: str
    settings: Settings

    @property
    def world(self) -> Path:
        """What the fakes find and write."""
        return self.folder / "world"

    @property
    def root(self) -> Path:
        """The machine's file system."""
        return self.folder / "root"

    @property
    def etc(self) -> Path:
        """Folder of k3s' configuration."""
        return self.root / "etc/rancher/k3s"

    @property
    def calls(self) -> list[str]:
        """What was done, in its order."""
        return (self.world / "calls").read_text().splitlines()

    @property
    def starts(self) -> list[str]:
        """The version and the cluster that k3s was started with, each time."""
        return [call.removeprefix("start ") for call in self.calls if call.startswith("start ")]

    def put(self, name: str, text: str = "") -> None:
        """Have the fakes find something."""
        (self.world / name).parent.mkdir(parents=True, exist_ok=True)
        (self.world / name).write_text(text)

    def take(self, name: str) -> None:
        """Have the fakes find something no more."""
        (self.world / name).unlink()

    def answers(self, address: str, status: int) -> None:
        """Have a server answer the token."""
        self.put(f"answers/{address}", str(status))

    def run(self, script: str, given: str = "", *, patience: int = 60) -> subprocess.CompletedProcess[str]:
        """Run a step as the engine does, but not as root and not elsewhere; it is patient for so many seconds."""
        for key, value in (("ROOT", str(self.root)), ("WAIT", str(patience)), ("PAUSE", "0.1")):
            script = "\n".join(f"{key}={value}" if line.startswith(f"{key}=") else line for line in script.splitlines())
        return subprocess.run(
            ["bash", "-c", script],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
                "ROOT": str(self.root),
                "WORLD": str(self.world),
            },
        )

    def up(
        self, version: str | None = None, token: str = TOKEN, told: str = TOLD, *, patience: int = 60
    ) -> subprocess.CompletedProcess[str]:
        """Make it the node that the settings say, or of another version."""
        kubernetes = self.settings.kubernetes
        wanted = kubernetes if version is None else kubernetes.model_copy(update={"version": version})
        script = steps.node(wanted, self.settings.compute, self.name, REGISTRY)
        return self.run(script, f"{token}\n{told}\n", patience=patience)


def machine(folder: Path, name: str, stack: str = "prod") -> Machine:
    """A fresh machine."""
    made = Machine(folder / name, name, stack_settings(stack))
    for each in (made.root, made.world, made.folder / "bin"):
        each.mkdir(parents=True)
    made.put("calls")
    servers = made.settings.compute.by_role("k3s_server")
    made.put("members", "".join(f"{server} True True\n" for server in servers))
    for fake in _FAKES:
        (made.folder / "bin" / fake).symlink_to(Path(__file__).with_name("fakes.sh"))
    return made


def running(folder: Path, name: str, stack: str = "prod") -> Machine:
    """A node of a cluster that was there: a copy, since the step takes a while."""
    shutil.copytree(Path(_first(name, stack).name) / name, folder / name, symlinks=True)
    made = Machine(folder / name, name, stack_settings(stack))
    made.put("calls")
    return made


@cache
def _first(name: str, stack: str) -> TemporaryDirectory[str]:
    folder = TemporaryDirectory()
    made = machine(Path(folder.name), name, stack)
    made.answers(made.settings.kubernetes.api_address, 200)
    assert made.up().returncode == 0
    return folder
