"""What the Dockerfile puts into the image is all that the guard needs, and no more."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from components.kubernetes.pod import USER
from tests.recording import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def copied() -> list[str]:
    """Files and folders of the repository that are in the image."""
    pairs = re.findall(r"^COPY (?!--from)(\S+) \S+$", DOCKERFILE, re.MULTILINE)
    return [each for each in pairs if each != "requirements.txt"]


def test_the_guard_runs_with_what_is_in_the_image_alone(tmp_path: Path) -> None:
    for each in copied():
        source, target = ROOT / each, tmp_path / each
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    done = subprocess.run(
        [sys.executable, "-m", "release.guard", "--plan", "missing.json"],
        cwd=tmp_path,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "error: missing.json cannot be read: No such file or directory\n"


def test_the_image_holds_what_the_build_is_given_and_the_build_nothing_else() -> None:
    allowed = re.findall("^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(allowed) == sorted(["requirements.txt", "Pulumi.yaml", "components", "backup", *copied()])


def test_it_runs_as_the_user_of_every_workload_with_pinned_parts() -> None:
    assert f"\nUSER {USER}:{USER}\n" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) == 2
    assert all(re.fullmatch(r"docker\.io/library/python:3\.11\.\d+-slim-bookworm", image) for image in images)
