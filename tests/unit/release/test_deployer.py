"""The image by which Coolify releases a service: its recipe has what it is made of, its start says what is missing."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from release.images import DEPLOYER
from release.repository import Repository
from tests.recording import ROOT

RECIPE = (ROOT / DEPLOYER[1]).read_text()
# In the place of the page's server, which would never end.
PYTHON = '#!/bin/sh\ncat "$4/healthz"; echo "$@" | sed "s#$4#PAGE#"\n'


def start(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What the container runs, in `here` beside the platform's repository."""
    for made in ("home", "here", "packages", "bin"):
        (folder / made).mkdir(exist_ok=True)
    (folder / "bin" / "python").write_text(PYTHON)
    (folder / "bin" / "python").chmod(0o755)
    (folder / "packages" / "requirements.txt").write_text("pulumi==1\n")
    given = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "PACKAGES": str(folder / "packages"),
        "PLATFORM_REPOSITORY": f"file://{folder / 'platform'}",
        "GIT_TOKEN": "planted-token",
        "PULUMI_BACKEND_URL": "s3://state",
        "RELEASE_IMAGE": "registry.example/aceh/shop@sha256:1",
        **environment,
    }
    command = ["sh", ROOT / "release" / "deployer.sh"]
    return subprocess.run(command, cwd=folder / "here", env=given, capture_output=True, text=True, check=False)


def git(folder: Path, *arguments: str, given: str | None = None, **environment: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent / "home"), **environment}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, input=given, env=environment
    )
    return done.stdout


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    made = tmp_path / "platform"
    (made / "releases").mkdir(parents=True)
    (made / "releases" / "staging.yaml").write_text("revision: 0\n")
    (made / "requirements.txt").write_text("pulumi==1\n")
    git(made, "init", "--quiet", "--initial-branch", "main")
    git(made, "config", "receive.denyCurrentBranch", "ignore")
    git(made, "add", "--all")
    git(made, "-c", "user.name=a", "-c", "user.email=a@example.test", "commit", "--quiet", "--message", "begin")
    return made


def test_the_recipe_is_made_of_what_is_there_and_of_the_engine_that_is_locked() -> None:
    allowed = re.findall("^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = [each for line in re.findall(r"^COPY (?!--from)(.+) \S+$", RECIPE, re.MULTILINE) for each in line.split()]
    assert copied == ["requirements.txt", "Pulumi.yaml", "release/deployer.sh"]
    assert all((ROOT / each).is_file() and {each, each.partition("/")[0]} & set(allowed) for each in copied)
    (engine,) = re.findall(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert f"FROM docker.io/pulumi/pulumi-base:{engine} AS pulumi\n" in RECIPE
    python = re.findall(r"^FROM (\S+python\S+)$", (ROOT / "backup.Dockerfile").read_text(), re.MULTILINE)
    assert f"FROM {python[0]}\n" in RECIPE
    assert "--require-hashes" in RECIPE
    options = (ROOT / "release" / "options.py").read_text()
    names = re.findall(r"(LUXIMA_\w+)=", RECIPE)
    assert names
    assert all(f'envvar="{name}"' in options for name in names)


def test_it_begins_with_the_newest_checkout_and_gives_back_what_it_writes(tmp_path: Path, platform: Path) -> None:
    done = start(tmp_path, PORT="8080")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "ready\n-m http.server --directory PAGE 8080\n")
    here = tmp_path / "here"
    assert (here / ".venv").resolve() == tmp_path / "packages"
    asked = "protocol=https\nhost=github.com\n\n"
    assert "password=planted-token\n" in git(here, "credential", "fill", given=asked, GIT_TOKEN="planted-token")
    assert "planted-token" not in (tmp_path / "home" / ".gitconfig").read_text() + (here / ".git/config").read_text()
    (here / "releases" / "staging.yaml").write_text("revision: 1\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path / "home"))
        Repository(here, "staging", print, pushes=True).publish("shop in slot green")
    assert git(platform, "log", "-1", "--format=%an %s") == "Coolify release(staging): shop in slot green\n"
    assert start(tmp_path).returncode == 0, "the same container, started again"
    assert git(here, "status", "--porcelain") == "?? .venv\n"


MISSING: Mapping[str, tuple[Mapping[str, str], str]] = {
    "variables": ({"GIT_TOKEN": "", "RELEASE_IMAGE": ""}, "variables are not set: GIT_TOKEN RELEASE_IMAGE. docs"),
    "a state": ({"PULUMI_BACKEND_URL": "file:///root"}, "PULUMI_BACKEND_URL is a folder of somebody's machine; give"),
    "packages": ({"PACKAGES": "/nowhere"}, "other packages than the platform's requirements.txt names. Run"),
    "a repository": ({"PLATFORM_REPOSITORY": "file:///nowhere"}, "'/nowhere' does not appear to be a git repository"),
}


@pytest.mark.usefixtures("platform")
@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing_is_said_before_the_page_answers(tmp_path: Path, case: str) -> None:
    environment, said = MISSING[case]
    done = start(tmp_path, **environment)
    assert done.returncode != 0
    assert said in done.stderr
    assert done.stdout == ""
    assert "planted-token" not in done.stderr
