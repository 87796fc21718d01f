"""Make the virtual environment, or bring it up to date: `python3 -m tools.bootstrap FOLDER`.

Runs on the machine's own Python before anything is installed, so it needs the standard library only. Does nothing
when requirements-dev.txt is what it was the last time.
"""

import fcntl
import hashlib
import importlib.util
import subprocess
import sys
import venv
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_REQUIREMENTS = _ROOT / "requirements-dev.txt"


def bootstrap(folder: Path) -> None:
    """Have in `folder` a virtual environment with exactly the locked versions.

    Raises:
        SystemExit: With one sentence when that cannot be.
    """
    stamp = folder / ".requirements-sha256"
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _text(stamp) == wanted:
            return
        _say(f"installing {_REQUIREMENTS.name} into {folder} (up to about 2 min)")
        python = folder / "bin" / "python"
        if not _has_pip(python):
            _create(folder)
        log = folder / "install.log"
        # The file names every package: nothing has to be resolved, nor compiled before it is imported.
        _install(python, ["--no-deps", "--no-compile", "--require-hashes", "--requirement", str(_REQUIREMENTS)], log)
        stamp.write_text(wanted)
        _say("installed")


def _create(folder: Path) -> None:
    """Make the environment; Debian's Python makes one with pip only after python3-venv was installed."""
    if importlib.util.find_spec("ensurepip") is not None:
        venv.create(folder, with_pip=True, symlinks=True)
        return
    if importlib.util.find_spec("pip") is None:
        sys.exit("error: this Python has neither venv nor pip: install the package python3-venv")
    venv.create(folder, with_pip=False, symlinks=True)
    subprocess.run([sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet", "pip"], check=True)


def _install(python: Path, arguments: list[str], log: Path) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", *arguments]
    with log.open("w") as output:
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    if status != 0:
        errors = [line for line in log.read_text().splitlines() if line.startswith("ERROR")]
        sys.exit(f"error: pip could not install the requirements ({' '.join(errors[-1:])}); its output is in {log}")


def _has_pip(python: Path) -> bool:
    return (
        python.exists()
        and subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    )


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    try:
        bootstrap(Path(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)
