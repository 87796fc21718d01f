"""Every command of the documents is run by a test, or it is said why not; and it can be typed as it stands there."""

import argparse
import functools
import importlib
import importlib.util
import re
import subprocess
import sys
from typing import Any, cast

import pytest
import typer

from release.cli import app
from settings.secrets import SECRETS
from tests import proofs
from tests.__main__ import SUITES
from tests.recording import STACKS, record_platform, stack_settings
from tests.unit.repository import documented
from tests.unit.repository.documented import ROOT, RUN, Command
from tests.unit.repository.test_makefile import make

_IMAGE = "registry.luxima.id/aceh/storefront@sha256:" + "0" * 64
_STANDS_FOR = {"STACK": "dev", "SERVICE": "storefront", "…": _IMAGE}
"""What people put in the place of a word."""
_WRONG_USAGE: Any = typer.BadParameter.__bases__[0]
_PARSED_BY = {
    "demo": "demo.cli",
    "sandbox": "sandbox.cli",
    "render": "render.__main__",
    "settings": "settings.__main__",
    "tools": "tools.__main__",
    "policy.docs": "policy.docs",
    "tests.proofs": "tests.proofs",
}
"""Modules that read a command line with argparse, and where their `main` is."""


@functools.cache
def found() -> list[Command]:
    """All commands of all documents."""
    return [
        command
        for path in documented.documents()
        for place, line in documented.lines(path)
        for command in documented.commands(place, line)
    ]


class Parsed(Exception):  # noqa: N818 - an answer
    """A program has understood what it was given."""


@pytest.fixture(autouse=True)
def nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that reads its command line with argparse gets no further."""
    parse = argparse.ArgumentParser.parse_args

    def parsed(self: argparse.ArgumentParser, *given: Any) -> None:
        options = parse(self, *given)
        stack = getattr(options, "stack", None)
        if stack not in (None, *STACKS):
            self.error(f"there is no stack {stack}")
        raise Parsed(getattr(options, "arguments", []))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)


@functools.cache
def refusal(words: tuple[str, ...]) -> str:
    """Why a command of the project's own cannot be typed so; empty when it can."""
    given = [re.sub(r"(?<=@sha256:)[0-9a-f]*…", "0" * 64, _STANDS_FOR.get(word, word)) for word in words]
    if given[0] == "make":
        lines, said = _made(tuple(given[1:]))
        return said or "".join(refusal(line) for line in lines)
    module, rest = given[2], given[3:]
    if module == "release":
        return _by_typer(rest)
    if module == "tests":
        return "" if set(rest) <= set(SUITES) else f"there are no suites {rest}"
    if module not in _PARSED_BY:
        return "" if importlib.util.find_spec(module) else f"there is no module {module}"
    return _by_argparse(module, rest)


def _by_argparse(module: str, given: list[str]) -> str:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", [module, *given])
        main = importlib.import_module(_PARSED_BY[module]).main
        try:
            main(given) if module in ("demo", "sandbox") else main()
        except Parsed as parsed:
            tool: list[str] = parsed.args[0] if given[:1] == ["release"] else []
            return _by_typer([*tool, "--stack", "dev"]) if tool else ""
        except SystemExit:
            return f"{module} does not know {given}"
    raise AssertionError(f"{module} has read no command line")


def _by_typer(given: list[str]) -> str:
    try:
        _release().main(given, standalone_mode=False)
    except _WRONG_USAGE as error:
        return str(cast("object", error))
    return ""


@functools.cache
def _release() -> Any:
    """The release tool, whose verbs do nothing."""
    group: Any = typer.main.get_command(app)
    for verb in group.commands.values():
        verb.invoke = str
    return group


@functools.cache
def _made(given: tuple[str, ...]) -> tuple[list[tuple[str, ...]], str]:
    """The commands of the project's own that make would run, or why it would not."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in given:
        if "=" in word and not re.search(rf"\b{word.partition('=')[0]}\b", makefile):
            return [], f"make knows no {word}"
    done = make("-n", *given)
    python = f"{ROOT}/.venv/bin/python "
    typed = [line[line.index(python) + len(python) :] for line in done.stdout.splitlines() if python in line]
    lines = [command.words for line in typed for command in documented.commands("", f"python {line}")]
    return [line for line in lines if line[:2] == ("python", "-m")], done.stderr


def test_every_command_is_run_by_a_test_or_says_why_not() -> None:
    assert [(each.place, each.text) for each in found() if documented.entry(each.words) is None] == []
    missing = [f"{typed}: {by}" for typed, by in RUN.items() if "::" in by and len(proofs.find(by)) != 1]
    assert missing == []


def test_every_target_of_make_is_in_the_table_and_nothing_that_nobody_types() -> None:
    declared = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY:"))
    targets = {f"make {target}" for target in declared.split()[1:]}
    assert targets == {typed for typed in RUN if typed.startswith("make ")}
    assert {documented.entry(each.words) for each in found()} | targets == set(RUN)


def test_the_projects_own_commands_can_be_typed_as_they_stand() -> None:
    own = [each for each in found() if each.words[0] in ("make", "python")]
    assert len(own) > 60
    refused = {f"{each.place}: {each.text}": refusal(each.words) for each in own}
    assert {command: why for command, why in refused.items() if why} == {}


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("make capacty STACK=prod", "No rule to make target 'capacty'"),
        ("make render STACK=prod OUTPUT=dir", "make knows no OUTPUT=dir"),
        ("make up STACK=production", "sandbox does not know"),
        ('make release ARGS="stats storefront"', "No such command 'stats'"),
        ("make preview FORMAT=yaml", "sandbox does not know"),
        ("python -m release canary storefront --percent 101 --stack prod", "less than or equal to 100"),
        ("python -m release switch storefront", "Missing parameter: stack"),
        ("python -m release deploy storefront --image shop:latest --stack dev", "not an image by digest"),
        ("python -m sandbox up --image images.jsn --stak dev", "sandbox does not know"),
        ("python -m settings check --rot .", "settings does not know"),
        ("python -m tools lst", "tools does not know"),
        ("python -m policy.dosc", "there is no module policy.dosc"),
    ],
)
def test_a_mistyped_command_is_refused(typed: str, why: str) -> None:
    (command,) = documented.commands("", typed)
    assert why in refusal(command.words)


def test_every_line_is_one_that_a_shell_reads() -> None:
    typed = [
        line for path in documented.documents() for _, line in documented.lines(path) if not line.startswith("make")
    ]
    done = subprocess.run(["bash", "-n"], input="\n".join(typed), capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_secret_that_is_set_is_one_of_the_programs() -> None:
    keys = [word for each in found() if each.words[:3] == ("pulumi", "config", "set") for word in each.words[3:]]
    named = {key.removeprefix("luxima:") for key in keys if key.startswith("luxima:")} - {"…"}
    assert named <= {secret.key for secret in SECRETS}
    assert len(named) >= 5


def test_kubectl_is_told_names_that_the_program_gives() -> None:
    settings = stack_settings("prod")
    namespaces = {*settings.kubernetes.namespaces, "cert-manager", "kube-system"}
    declared = str([each.inputs for each in record_platform(settings).of("")])
    names = {*re.findall(r"'app.kubernetes.io/name': '([^']+)'", declared), *settings.services, "release-guard"}
    typed = [" ".join(each.words) for each in found() if each.words[0] == "kubectl"]
    assert {name for line in typed for name in re.findall(r" -n ([a-z-]+)", line)} <= namespaces
    assert {name for line in typed for name in re.findall(r"app.kubernetes.io/name=([a-z-]+)", line)} <= names


def test_commands_within_sentences_of_the_programs_can_be_pasted() -> None:
    sentences = list(documented.sentences())
    named = [(place, code) for place, text in sentences for code in re.findall(r"`([^`]+)`", text)]
    typed = {
        f"{place}: {code}": f"python -m {code} --stack dev" if code.startswith("release ") else code
        for place, code in named
        if re.match(r"(release|make|python -m) \S", code)
    }
    assert len(typed) > 20
    said = {place: [refusal(each.words) for each in documented.commands("", line)] for place, line in typed.items()}
    assert {place: why for place, why in said.items() if any(why)} == {}
    bare = re.compile("release (deploy|verify|switch|rollback|guard|canary|shadow) storefront")
    assert [place for place, text in sentences if bare.search(re.sub("`[^`]+`", "", text))] == []
