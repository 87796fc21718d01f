"""The copied Python runs the guard from its own files alone, by its own loader and libraries."""

import subprocess
import tarfile
from pathlib import Path

from sandbox.images import guard
from sandbox.images.archive import write_layer


def test_the_guard_runs_from_what_is_in_its_image(tmp_path: Path) -> None:
    with (tmp_path / "app.tar").open("wb") as file:
        write_layer(file, guard.app())
    root = tmp_path / "root"
    for each in (guard.python(), tmp_path / "app.tar"):
        with tarfile.open(each) as opened:
            opened.extractall(root, filter="data")
    (loader,) = [path for path in root.rglob("ld-*") if path.is_file() and "packages" not in path.parts]
    env = dict(line.replace("=/", f"={root}/").split("=", 1) for line in guard.ENV)

    done = subprocess.run(
        [
            *(loader, "--library-path", env.pop("LD_LIBRARY_PATH"), f"{env['PATH']}/python"),
            *("-m", "release.guard", "--plan", "missing.json"),
        ],
        cwd=root / "app",
        env={**env, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "error: missing.json cannot be read: No such file or directory\n"
    assert list((root / "packages" / "dns" / "__pycache__").iterdir())
