"""What `make` offers and what it calls."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make without what an outer make hands to inner ones."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "STACK"}}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True, check=False)


def commands(*arguments: str, **environment: str) -> list[str]:
    """The commands of a target on the virtual environment's Python, without those that make the environment."""
    done = make("--dry-run", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    python = f"{ROOT}/.venv/bin/python -m "
    return [line.removeprefix(python).strip() for line in done.stdout.splitlines() if line.startswith(python)]


def test_every_target_is_in_the_list_that_make_alone_shows() -> None:
    declared = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    shown = [line.split()[0] for line in make().stdout.splitlines() if line.startswith("  ")]

    assert sorted(shown) == sorted(set(declared.split()[1:]) - {"venv"})


@pytest.mark.parametrize("verb", ["up", "preview", "refresh", "destroy", "status", "clean"])
def test_a_verb_is_for_dev_unless_a_stack_is_named(verb: str) -> None:
    assert commands(verb) == [f"sandbox {verb} --stack dev"]
    assert commands(verb, "STACK=prod") == [f"sandbox {verb} --stack prod"]


def test_down_is_for_every_stack_unless_one_is_named() -> None:
    assert commands("down") == ["sandbox down"]
    assert commands("down", "STACK=dev") == ["sandbox down --stack dev"]
    assert commands("down", STACK="staging") == ["sandbox down --stack staging"]


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        (["preview", "FORMAT=json"], "sandbox preview --stack dev --format json"),
        (["capacity"], "render capacity --stack dev"),
        (["render", "STACK=staging", "OUT=x"], "render documents --stack staging --out x"),
        (["postmortem", "ALERT=ServiceDown"], "render postmortem --stack dev --alert ServiceDown"),
    ],
)
def test_what_is_given_is_passed_on(typed: list[str], command: str) -> None:
    assert commands(*typed) == [command]


@pytest.mark.parametrize(("typed", "said"), [(["tools"], "kube-apiserver"), (["status", "STACK=prod"], "Stack prod")])
def test_what_needs_no_server_runs_as_it_is_typed(typed: list[str], said: str) -> None:
    done = make(f"VENV={Path(sys.executable).parents[1]}", *typed)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


def test_a_python_that_is_missing_is_one_sentence() -> None:
    done = make("venv", "PYTHON=/nowhere/python3")

    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        "error: /nowhere/python3 is missing or older than 3.11: install Python 3.11 or newer, or name one with PYTHON="
    )
