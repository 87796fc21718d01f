"""A copy of the checkout, in which the sandbox is run without anything of the checkout being changed."""

import shutil
import subprocess
from pathlib import Path

import psutil

from sandbox.faults import SandboxError


def copy(root: Path, target: Path, bytecode: Path) -> None:
    """Copy the files that git tracks or would track, as they are now.

    Args:
        root: The checkout.
        target: Where the copy is made.
        bytecode: Where copies share the bytecode of installed packages, which takes longer to compile than all else.

    Raises:
        SandboxError: When git cannot list the files.
    """
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        raise SandboxError(f"git does not list the files of {root}: {listed.stderr.strip()}")
    for name in dict.fromkeys(listed.stdout.split("\0")):
        source = root / name
        if name and source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    installed = Path(psutil.__file__).resolve().parents[1].relative_to("/")
    shared, inside = bytecode / installed, target / ".sandbox" / ".pycache" / installed
    shared.mkdir(parents=True, exist_ok=True)
    inside.parent.mkdir(parents=True, exist_ok=True)
    inside.symlink_to(shared)
