"""Reads the settings of a stack from Pulumi's configuration or from its file, and checks everything at once."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import NoReturn, cast

from pydantic import ValidationError

from settings import rules, secrets
from settings.report import OWN_FILES, RELEASES, SERVICES, Path, Problem, SettingsError, file_name, nearest, show_path
from settings.shape import salvage
from settings.source import Document, read
from settings.stack import Settings, Stack
from settings.team_files import read_teams
from settings.wording import explain

NAMESPACE = "luxima:"
AREAS = tuple(Stack.model_fields)
_SECRET_KEYS = frozenset(secret.key for secret in secrets.SECRETS)
_MISSING = {
    SERVICES: "the file is missing; it holds the services of the stack by name, as those of the other stacks do",
    RELEASES: "the file is missing; before the first release it holds `services: {}`",
}
"""What is said when an area's own file is not there."""


def load(config: Mapping[str, object], secret_keys: Collection[str], stack: str, root: File) -> Settings:
    """Settings of `stack`, or SettingsError with every mistake that was found.

    Args:
        config: Pulumi's flat configuration, `{"luxima:compute": "<JSON>"}`; other namespaces are passed over.
        secret_keys: Those keys of `config` that are encrypted.
        stack: Name of the stack.
        root: Folder with services/<stack>.yaml and releases/<stack>.yaml, and with Pulumi.<stack>.yaml if the report
            is to name its lines.
    """
    given = _own(config)
    encrypted = frozenset(key.removeprefix(NAMESPACE) for key in secret_keys)
    file = read(path, _stack_setting) if (path := root / f"Pulumi.{stack}.yaml").is_file() else Document()
    areas, problems = _areas(given, stack, file)
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


def unknown(stack: str, root: File, name: str = "STACK") -> str | None:
    """A sentence when a checkout has no such stack; None if it has.

    Args:
        stack: Name of the stack.
        root: The checkout.
        name: What the stack is given by on the command line.
    """
    known = stacks(root)
    return None if stack in known else f"there is no stack {stack!r}; {name} is one of {', '.join(known)}"


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
    areas, problems = _areas(given, stack, file)
    problems += secrets.check(given, encrypted, stack)
    return _settings(areas, encrypted, stack, root, file, problems)


def _own(config: Mapping[str, object]) -> dict[str, object]:
    """The keys of this project, without their namespace."""
    return {key.removeprefix(NAMESPACE): value for key, value in config.items() if key.startswith(NAMESPACE)}


def _stack_setting(place: Path) -> Path:
    """The setting at a place of a stack file: config, then the key with its namespace."""
    key = place[1] if len(place) > 1 and place[0] == "config" else None
    return (key.removeprefix(NAMESPACE), *place[2:]) if isinstance(key, str) and key.startswith(NAMESPACE) else ()


def _own_file(area: str, stack: str, root: File) -> Document:
    """The file of an area that has one of its own."""
    file = root / file_name(area, stack)
    if not file.is_file():
        return Document(problems=[Problem((area,), _MISSING[area])])
    return read(file, lambda place: (area, *place))


def _areas(given: Mapping[str, object], stack: str, file: Document) -> tuple[dict[str, object], list[Problem]]:
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
        elif key == SERVICES:
            text = f"{NAMESPACE}{key}: services have a file of their own: move them to {file_name(key, stack)}"
            problems.append(Problem((), text, file.line((key,))))
        elif key not in _SECRET_KEYS:
            near = nearest(key, (*AREAS, *_SECRET_KEYS))
            hint = f"did you mean {NAMESPACE}{near}? If not, " if near else ""
            remove = f"remove it with `pulumi config rm {show_path((key,))} --stack {stack}`"
            problems.append(Problem((key,), f"is not a setting; {hint}{remove}"))
    observability = _table(areas.get("observability"))
    if "objectives" in observability:
        areas["observability"] = {key: value for key, value in observability.items() if key != "objectives"}
        text = (
            f"objectives are entries of their service: move each to {file_name(SERVICES, stack)}, under `objectives` "
            "of its service and without `service`; availability needs one only where it is not the environment's"
        )
        problems.append(Problem(("observability", "objectives"), text))
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
    own = {area: _own_file(area, stack, root) for area in OWN_FILES}
    data = {**areas, **{area: document.data for area, document in own.items()}}
    unread = [problem for document in own.values() for problem in document.problems]
    reported = {problem.path for problem in (*problems, *unread) if len(problem.path) == 1}
    try:
        settings = Settings.model_validate_json(json.dumps(data))
        wrong: list[Problem] = []
    except ValidationError as error:
        wrong = [explain(detail, encrypted) for detail in error.errors(include_url=False)]
        settings = salvage(data, {problem.path for problem in wrong})
    found = [*file.problems, *problems, *unread]
    found += [problem for problem in wrong if problem.path not in reported]
    found += rules.check(settings, stack, partial=bool(wrong))
    teams, in_teams = read_teams(root, list(_table(data.get(SERVICES))))
    if found or in_teams:
        raise SettingsError(stack, [*_in_file_order(found, file, own), *in_teams])
    return settings.model_copy(update={"teams": teams})


def _in_file_order(problems: list[Problem], stack_file: Document, own: Mapping[str, Document]) -> list[Problem]:
    def located(problem: Problem) -> Problem:
        document = stack_file if problem.own_file is None else own[problem.own_file]
        return problem if problem.line is not None else replace(problem, line=document.line(problem.path))

    def position(problem: Problem) -> tuple[float, int]:
        area = problem.path[0] if problem.path else None
        rank = AREAS.index(str(area)) if area in AREAS else len(AREAS)
        return (problem.line or (0 if area is None else float("inf")), rank)

    return sorted(map(located, problems), key=position)
