"""Is there room? Asked before anything is started, because a full disk corrupts what is under way."""

import os
import shutil
from pathlib import Path

from sandbox.faults import SandboxError

NEEDED_MIB = 1024
"""What one stack's servers, logs and state may need in the checkout; measured: about 350 MiB after the first `up`."""

NODE_MIB = 4096
"""The same where a real node and Docker hosts have to take their images first; measured: about 1,600 MiB."""


def require(folder: Path, mebibytes: int = NEEDED_MIB) -> None:
    """Refuse to start on a disk that would run full.

    Raises:
        SandboxError: Names the folder, what is free and what is needed.
    """
    free = shutil.disk_usage(folder).free // 2**20
    inodes = os.statvfs(folder)
    if free < mebibytes:
        raise SandboxError(
            f"no disk space: {folder} has {free} MiB free and the sandbox needs {mebibytes} MiB; "
            f"free some and run it again"
        )
    if inodes.f_files and inodes.f_favail < 10_000:
        raise SandboxError(
            f"no disk space: {folder} has {inodes.f_favail} inodes left and the sandbox needs 10000; remove some files"
        )
