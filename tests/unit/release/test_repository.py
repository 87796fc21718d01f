"""The release file in a real repository: committed alone, and read as it was."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from release.errors import ReleaseError
from release.repository import Repository
from release.state import ReleaseFile
from tests.unit.release.test_changes import SERVICE, before, deployed, through, verified

TEXT = "# What runs in which slot.\nrevision: 0\nservices: {}\n"


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def repository(root: Path, said: list[str]) -> Repository:
    (root / "releases").mkdir()
    (root / "releases" / "dev.yaml").write_text(TEXT, encoding="utf-8")
    (root / "other.txt").write_text("as it is\n", encoding="utf-8")
    git(root, "init", "--quiet")
    for key, value in {"user.name": "tests", "user.email": "tests@example.test", "commit.gpgsign": "false"}.items():
        git(root, "config", key, value)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "begin")
    return Repository(root, "dev", said.append)


def test_only_the_release_file_is_committed(tmp_path: Path) -> None:
    said: list[str] = []
    made = repository(tmp_path, said)
    (tmp_path / "other.txt").write_text("work under way\n", encoding="utf-8")
    git(tmp_path, "add", "other.txt")
    file = ReleaseFile(tmp_path, "dev")
    file.write(file.read(), before())
    replace(made, commits=False).commit("deploy storefront")
    assert git(tmp_path, "rev-list", "--count", "HEAD") == "1\n"
    made.commit("deploy storefront")
    assert git(tmp_path, "log", "-1", "--format=%s", "--name-only").split("\n\n") == [
        "release(dev): deploy storefront",
        "releases/dev.yaml\n",
    ]
    assert git(tmp_path, "status", "--porcelain") == "M  other.txt\n"
    made.commit("nothing changed")
    assert git(tmp_path, "rev-list", "--count", "HEAD") == "2\n"
    assert said == []


def test_history_tells_what_ran_before(tmp_path: Path) -> None:
    made = repository(tmp_path, [])
    file = ReleaseFile(tmp_path, "dev")
    for releases in (before(), through(before(), deployed(1)), through(before(), deployed(1), verified)):
        file.write(file.read(), releases)
        made.commit(f"revision {releases.revision}")
    file.path.write_text("not: [ours\n", encoding="utf-8")
    made.commit("broken by hand")
    versions = made.versions()
    assert [version.subject.removeprefix("release(dev): ") for version in versions] == [
        "broken by hand",
        "revision 3",
        "revision 2",
        "revision 1",
        "begin",
    ]
    assert versions[0].releases is None
    assert [release.slots["green"] is not None for release in made.earlier(SERVICE)] == [True, True, False]


def test_what_cannot_be_committed_is_said_and_stays(tmp_path: Path) -> None:
    said: list[str] = []
    made = repository(tmp_path, said)
    hook = tmp_path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n", encoding="ascii")
    hook.chmod(0o755)
    file = ReleaseFile(tmp_path, "dev")
    file.write(file.read(), before())
    made.commit("deploy storefront")
    assert said == [
        "releases/dev.yaml was written but not committed (git commit: not today); commit and push it yourself"
    ]
    assert file.read().releases == before()


def test_the_remote_has_it_before_the_stack_is_changed_or_nothing_is(tmp_path: Path) -> None:
    remote, here = tmp_path / "remote", tmp_path / "here"
    here.mkdir()
    made = replace(repository(here, []), pushes=True)
    git(tmp_path, "init", "--quiet", "--bare", "remote")
    git(here, "remote", "add", "origin", str(remote))
    git(here, "push", "--quiet", "--set-upstream", "origin", "HEAD")
    file = ReleaseFile(here, "dev")
    file.write(file.read(), before())
    made.publish("storefront in slot green")
    made.publish("nothing new")
    assert git(remote, "log", "--format=%s") == "release(dev): storefront in slot green\nbegin\n"
    git(here, "commit", "--quiet", "--amend", "--message", "what somebody else had here before")
    with pytest.raises(ReleaseError, match=r"dev.yaml could not be pushed, so this step was not made \(git push"):
        made.publish("storefront in slot green")
    replace(made, pushes=False).publish("never asked for")
    assert git(remote, "rev-list", "--count", "HEAD") == "2\n"
