"""Reads the settings of a stack from Pulumi's configuration or from its file, and checks everything at once."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import NoReturn, cast

from pydantic import ValidationError

from settings import rules, secrets
from settings.report import RELEASES, Path, Problem, SettingsError, nearest, show_path
from settings.shape import salvage
from settings.source import Document, read
from settings.stack import Settings, Stack
from settings.team_files import read_teams
from settings.wording import explain

NAMESPACE = "luxima:"
AREAS = tuple(Stack.model_fields)
_SECRET_KEYS = frozenset(secret.key for secret in secrets.SECRETS)


def load(config: Mapping[str, object], secret_keys: Collection[str], stack: str, root: File) -> Settings:
    """Settings of `stack`, or SettingsError with every mistake that was found.

    Args:
        config: Pulumi's flat configuration, `{"luxima:compute": "<JSON>"}`; other namespaces are passed over.
        secret_keys: Those keys of `config` that are encrypted.
        stack: Name of the stack.
        root: Folder with releases/<stack>.yaml, and with Pulumi.<stack>.yaml if the report is to name its lines.
    """
    given = _own(config)
    encrypted = frozenset(key.removeprefix(NAMESPACE) for key in secret_keys)
    file = read(path, _stack_setting) if (path := root / f"Pulumi.{stack}.yaml").is_file() else Document()
    areas, problems = _areas(given, stack)
    # A copy of the configuration may hold other secrets, encrypted; what lies in the checkout in plain text has leaked.
    in_file = _own(_table(_table(file.data).get("config")))
    plain = frozenset(key for key in _SECRET_KEYS & in_file.keys() if isinstance(in_file[key], str))
    problems += secrets.check(given, encrypted - plain, stack)
    problems += secrets.check_needed(given, areas, stack)
    settings = _settings(areas, encrypted, stack, root, file, problems)
    known = secrets.SecretsSet(keys=frozenset(_SECRET_KEYS & given.keys()))
    return settings.model_copy(update={"secrets": known})


def stacks(root: File) -> list[str]:
    """The stacks that a checkout has: one for each `Pulumi.<stack>.yaml` in `root`."""
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


def check(stack: str, root: File) -> Settings:
    """Settings of `stack` from its files in `root` alone: secrets need not be set, but none may be in plain text."""
    file = read(root / f"Pulumi.{stack}.yaml", _stack_setting)
    if file.data is None and file.problems:
        raise SettingsError(stack, file.problems)
    config = _table(_table(file.data).get("config"))
    if not config:
        raise SettingsError(stack, [*file.problems, Problem((), "has no table `config` with the settings")])
    given = _own(config)
    encrypted = frozenset(key for key, value in given.items() if isinstance(value, dict) and [*value] == ["secure"])
    areas, problems = _areas(given, stack)
    problems += secrets.check(given, encrypted, stack)
    return _settings(areas, encrypted, stack, root, file, problems)


def _own(config: Mapping[str, object]) -> dict[str, object]:
    """The keys of this project, without their namespace."""
    return {key.removeprefix(NAMESPACE): value for key, value in config.items() if key.startswith(NAMESPACE)}


def _stack_setting(place: Path) -> Path:
    """The setting at a place of a stack file: config, then the key with its namespace."""
    key = place[1] if len(place) > 1 and place[0] == "config" else None
    return (key.removeprefix(NAMESPACE), *place[2:]) if isinstance(key, str) and key.startswith(NAMESPACE) else ()


def _release_file(file: File) -> Document:
    if not file.is_file():
        text = "the file is missing; before the first release it holds `services: {}`"
        return Document(problems=[Problem((RELEASES,), text)])
    return read(file, lambda place: (RELEASES, *place))


def _areas(given: Mapping[str, object], stack: str) -> tuple[dict[str, object], list[Problem]]:
    """The areas of the stack file, parsed; and the keys that are none and the texts that are not JSON."""
    areas: dict[str, object] = {}
    problems: list[Problem] = []
    for key, value in given.items():
        if key in AREAS:
            try:
                areas[key] = json.loads(value, parse_constant=_refuse) if isinstance(value, str) else value
            except ValueError:
                problems.append(
                    Problem((key,), "is a text that is not JSON; give a table, as the other stacks have it")
                )
        elif key not in _SECRET_KEYS:
            near = nearest(key, (*AREAS, *_SECRET_KEYS))
            hint = f"did you mean {NAMESPACE}{near}? If not, " if near else ""
            remove = f"take it out with `pulumi config rm {show_path((key,))} --stack {stack}`"
            problems.append(Problem((key,), f"is no setting; {hint}{remove}"))
    return areas, problems


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _table(value: object) -> dict[str, object]:
    """`value` if it is a table, else an empty one."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _settings(
    areas: Mapping[str, object],
    encrypted: Collection[str],
    stack: str,
    root: File,
    file: Document,
    problems: list[Problem],
) -> Settings:
    """The settings, if neither `problems` nor the models nor the rules have anything against them."""
    release_file = _release_file(root / RELEASES / f"{stack}.yaml")
    data = {**areas, RELEASES: release_file.data}
    reported = {problem.path for problem in (*problems, *release_file.problems) if len(problem.path) == 1}
    try:
        settings = Settings.model_validate_json(json.dumps(data))
        wrong: list[Problem] = []
    except ValidationError as error:
        wrong = [explain(detail, encrypted) for detail in error.errors(include_url=False)]
        settings = salvage(data, {problem.path for problem in wrong})
    found = [*file.problems, *problems, *release_file.problems]
    found += [problem for problem in wrong if problem.path not in reported]
    found += rules.check(settings, stack, partial=bool(wrong))
    known = areas.get("services")
    teams, in_teams = read_teams(root, list(_table(known)))
    if found or in_teams:
        raise SettingsError(stack, [*_in_file_order(found, file, release_file), *in_teams])
    return settings.model_copy(update={"teams": teams})


def _in_file_order(problems: list[Problem], stack_file: Document, release_file: Document) -> list[Problem]:
    def located(problem: Problem) -> Problem:
        document = release_file if problem.in_release_file else stack_file
        return problem if problem.line is not None else replace(problem, line=document.line(problem.path))

    def position(problem: Problem) -> tuple[float, int]:
        area = problem.path[0] if problem.path else None
        rank = AREAS.index(str(area)) if area in AREAS else len(AREAS)
        return (problem.line or (0 if area is None else float("inf")), rank)

    return sorted(map(located, problems), key=position)
