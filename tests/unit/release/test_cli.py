"""The command line: options, exit codes, sentences instead of tracebacks."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer import rich_utils

from release import cli, options
from release.connections import Connections, Options, read_addresses
from release.errors import Refused, ReleaseError

ROOT = Path(__file__).parents[3]
VERBS = ("deploy", "status", "verify", "switch", "canary", "shadow", "guard", "rollback", "history")


def test_every_verb_says_what_it_does_and_takes_a_dry_run(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        cli.main([verb, "--help"])
        told = capsys.readouterr().out
        assert "--dry-run" in told, verb
        assert "--stack" in told, verb


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["switch", "storefront"], 2, "Missing option '--stack'"),
        (["canary", "storefront", "--stack", "dev", "--percent", "101"], 2, "less than or equal to 100"),
        (["deploy", "storefront", "--stack", "dev", "--image", "shop:latest"], 2, "not an image by digest: registry"),
        (["rollback", "storefront", "--stack", "dev", "--image", "shop:latest"], 2, "not an image by digest: registry"),
        (["switch", "storefront", "--stack", "qa"], 1, "there is no stack 'qa'; --stack is one of dev, prod, staging"),
        (["switch", "shop", "--stack", "dev"], 1, "shop is not a service of stack dev; services: storefront"),
        (["status", "shop", "--stack", "prod"], 1, "shop is not a service of stack prod; services: storefront"),
        (["switch", "storefront", "--stack", "dev", "--addresses", "/nonexistent"], 1, "/nonexistent cannot be read"),
    ],
)
def test_wrong_usage_is_a_sentence(
    arguments: list[str],
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(rich_utils, "MAX_WIDTH", 200)
    assert cli.main(arguments) == code
    assert sentence in capsys.readouterr().err


def test_without_an_engine_nothing_is_begun(tmp_path: Path) -> None:
    """As it is typed: the exit code is the process's own, and there is no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "release", "switch", "storefront", "--stack", "dev", "--no-commit"],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: the engine cannot be run: ")
    assert done.stderr.endswith("is `pulumi` on PATH?\n")


def test_addresses_are_a_table(tmp_path: Path) -> None:
    file = tmp_path / "addresses.json"
    file.write_text(json.dumps({"10.0.0.1:443": "127.0.0.1:8443"}), encoding="utf-8")
    assert read_addresses(file) == {"10.0.0.1:443": "127.0.0.1:8443"}
    assert read_addresses(None) == {}
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(ReleaseError, match="has no JSON object of addresses; give one"):
        read_addresses(file)


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ([], "python -m release verify storefront --stack prod"),
        (
            ["--typed-as", 'make release ARGS="{verb}" STACK={stack}'],
            'make release ARGS="verify storefront" STACK=prod',
        ),
    ],
)
def test_a_command_that_a_sentence_names_can_be_pasted(
    given: list[str], typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(connections: Connections, service: str) -> int:
        connections.say(f"first `release verify {service}`")
        raise Refused(f"run `release verify {service}`")

    def connections(options: Options, say: Callable[[str], None]) -> SimpleNamespace:
        return SimpleNamespace(options=options, say=say)

    monkeypatch.setattr(options, "Connections", connections)
    app = typer.Typer()
    options.verb(app, "switch")(refuse)
    with pytest.raises(Refused) as refused:
        app(["storefront", "--stack", "prod", *given])
    assert str(refused.value) == f"run `{typed}`"
    assert capsys.readouterr().out == f"first `{typed}`\n"
