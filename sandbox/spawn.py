"""Become another program in a session of its own, after writing down the process id.

Run as a script, without the package: `python -I -S spawn.py RECORD LOG NAME PROGRAM ARGUMENT…`. The process writes its
own record before it becomes the program, so that there is no moment at which it runs unrecorded, whoever is killed
when. LOG is a file for both outputs, or `-` to keep the caller's.
"""

import json
import os
import sys


def main(arguments: list[str]) -> None:
    """Record, detach, exec."""
    record, log, name, *command = arguments
    os.setsid()
    if log != "-":
        for number, path, flags in (
            (0, "/dev/null", os.O_RDONLY),
            (1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
            (2, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        ):
            opened = os.open(path, flags, 0o600)
            os.dup2(opened, number)
            os.close(opened)
    with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:  # noqa: PTH123 - starts in 10 ms without pathlib
        started = int(stat.read().rpartition(")")[2].split()[19])
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:  # noqa: PTH123
        boot_id = boot.read().strip()
    content = {"name": name, "pid": os.getpid(), "started": started, "boot": boot_id, "command": command, "log": log}
    temporary = f"{record}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(content, file)
    os.replace(temporary, record)  # noqa: PTH105
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the program is what this script is for
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
