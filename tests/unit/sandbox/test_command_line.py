"""What is refused on the sandbox's command line before anything is started."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from sandbox import cli
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.verbs import backup, down


@pytest.mark.parametrize("given", [["--stack", "prod"], ["--stack=prod"]])
def test_the_stack_of_a_release_is_said_once(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["release", "--stack", "dev", "--", "status", *given]) == 1
    assert "--stack is among the release tool's arguments; this is stack dev" in capsys.readouterr().err


def test_a_release_without_a_verb_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["release", "--stack", "dev"]) == 1
    assert 'make release ARGS="status storefront"; ARGS=--help lists it' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status", "storefrnt"], "storefrnt is not a service of stack dev; services: storefront, admin, auth, api"),
        (["status", "--json"], "stack dev is not up; run make up STACK=dev first"),
        (["snapshot"], "stack dev is not up"),
    ],
)
def test_a_release_of_nothing_starts_nothing(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Layout, "base", tmp_path / "base")
    assert cli.main(["release", "--stack", "dev", "--", *arguments]) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "base").exists()


def test_the_release_tools_help_starts_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["release", "--stack", "dev", "--", "status", "--help"]) == 0
    assert "Compare the release file" in capfd.readouterr().out


@pytest.mark.parametrize("verb", ["up", "down", "clean", "status", "shell", "release"])
def test_a_stack_that_is_not_there_is_named(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([verb, "--stack", "nope"]) == 1
    assert capsys.readouterr().err == "error: there is no stack 'nope'; STACK is one of dev, prod, staging\n"


@pytest.mark.parametrize("inner", [".sandbox", ".sandbox/dev"])
def test_what_another_user_made_is_left_to_him(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inner: str) -> None:
    layout = Layout("dev", tmp_path)
    layout.require_owner()
    (tmp_path / inner).mkdir(parents=True)
    layout.require_owner()
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    way = "with sudo" if owner == 0 else f"as user {owner}"
    with pytest.raises(SandboxError, match=f"was made by another user: run this command {way}"):
        layout.require_owner()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    layout.require_owner()


def test_what_runs_on_when_its_folder_was_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(down, "Layout", partial(Layout, root=tmp_path))
    command = [sys.executable, "-c", "print('up', flush=True); input()"]
    environment = {"LUXIMA_SANDBOX_DIR": str(Layout("dev", tmp_path).base)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as left:
        assert left.stdout is not None
        assert left.stdout.readline() == b"up\n"
        for verb in (down.run_down, down.run_clean):
            with pytest.raises(SandboxError, match=rf"still run, .*: pid {left.pid}; its folder may have been removed"):
                verb(["dev"])
        left.kill()
    down.run_down(["dev"])


def test_clean_forgets_one_stack_and_with_the_last_one_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(down, "Layout", partial(Layout, root=tmp_path))
    dev, prod = Layout("dev", tmp_path), Layout("prod", tmp_path)
    for layout in (dev, prod):
        layout.prepare()
    down.run_clean(["dev"])
    assert (dev.base.exists(), prod.base.exists()) == (False, True)
    down.run_clean(["prod"])
    assert not prod.sandbox.exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["object-storage/media", "--schema", "internal"], "WHAT 'object-storage/media': only WHAT=database"),
        (["database/internal", "--schema", "internal"], "only WHAT=database has schemas"),
        (["database", "--schema", "Internal; drop"], "SCHEMA is 'Internal; drop', no name of a schema: give small"),
        (["database", "--schema", "internal", "--to", "a/b"], "TO is 'a/b', no name of a schema"),
        (["everything", "--schema", "internal"], "WHAT is 'everything': give one of database"),
    ],
)
def test_a_schema_that_cannot_be_restored_is_refused_before_anything_is_asked(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever goes on calls it.
    monkeypatch.setattr(backup, "check_settings", None)
    assert cli.main(["backup", "--stack", "dev", "--", "restore", *given]) == 1
    assert said in capsys.readouterr().err
