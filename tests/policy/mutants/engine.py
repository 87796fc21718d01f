"""Makes the mutants of a stack and judges them: by the rules of the type alone, and by the stack's where it is read."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from configparser import RawConfigParser
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Any, cast

import yaml

from policy.exemptions import EXEMPTIONS
from policy.judging import Declared, Level, Resource, Rule, Subject
from policy.rules import documents, kinds
from policy.rules.documents import of_resource
from policy.table import RULES
from policy.values import Value
from tests.policy.spec import urn
from tests.recording import record_platform, stack_settings

from .equivalent import EQUIVALENT
from .operators import ABSENT, Path, Row, places, put
from .table import ADDED, KINDS, NOBODY

_POD = {kinds.POD: "spec", kinds.CRON_JOB: "spec/jobTemplate/spec/template/spec"}
_NAME = "app.kubernetes.io/name"
_DOCUMENT_TYPES = (kinds.CONFIG_MAP, kinds.SECRET, kinds.DOCKER_CONTAINER, kinds.FILE)


@dataclass(frozen=True)
class Mutant:
    """One change of one resource."""

    kind: str
    type: str
    name: str
    path: str
    operator: str
    shown: str
    """The new value, shortened."""
    build: Callable[[], Declared | None]
    """Gives the resource as it is then; None when it is gone."""

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.kind}: {self.operator} {self.name} {self.path} → {self.shown}"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: `caught` by a rule, `equivalent` for a reason, or `survived`."""

    mutant: Mutant
    outcome: str
    by: str = ""


@cache
def platform(stack: str) -> tuple[Declared, ...]:
    """All that a stack declares."""
    recorded = record_platform(stack_settings(stack)).resources
    return tuple(
        Declared(Subject(each.type, each.name, urn(each.type, each.name)), dict(each.inputs))
        for each in sorted(recorded, key=lambda each: each.identity)
    )


def mutants(stack: str, *, first_only: bool = False) -> Iterator[Mutant]:
    """All mutants of a stack; `first_only`: the first of each row and operator."""
    declared = platform(stack)
    for kind, rows in KINDS.items():
        for row in rows:
            seen: set[str] = set()
            for made in _of_row(kind, row, declared):
                if not first_only or made.operator not in seen:
                    seen.add(made.operator)
                    yield made
    for kind, type_, name, props in ADDED:
        made = Declared(Subject(type_, name, urn(type_, name)), props)
        yield Mutant(kind, type_, name, "", "add", "a resource", partial(_same, made))


def _of_row(kind: str, row: Row, declared: Sequence[Declared]) -> Iterator[Mutant]:
    documented = [type_ for type_ in row.types if type_.startswith("document:")]
    for each in declared:
        if not fnmatchcase(each.subject.name, row.name):
            continue
        if each.subject.type in row.types:
            pattern = row.path.replace("{pod}", _POD.get(each.subject.type, "spec/template/spec"))
            for path, operator, value in _changes(each.props, pattern, row):
                yield _mutant(kind, each, path, operator, value, partial(_changed, each, path, value))
        elif documented and each.subject.type in _DOCUMENT_TYPES:
            yield from _of_documents(kind, row, each, frozenset(each.removeprefix("document:") for each in documented))


def _changes(content: Any, pattern: str, row: Row) -> Iterator[tuple[Path, str, Any]]:
    for path, value in places(content, pattern, also_absent=row.also_absent):
        for operator in row.operators:
            for changed in operator.on(value):
                yield path, operator.name, changed


def _of_documents(kind: str, row: Row, each: Declared, wanted: frozenset[str]) -> Iterator[Mutant]:
    for document in of_resource(Resource(each)):
        if document.readable and (document.kind or document.file) in wanted:
            content = _raw(document.content)
            at = _path_of(document.place)
            for path, operator, value in _changes(content, row.path, row):
                build = partial(_rewritten, each, at, content, path, value, document.ending)
                yield _mutant(kind, each, (*at, *_named(content, path)), operator, value, build)


def _named(content: Any, path: Path) -> Path:
    """The path with groups of rules and jobs by their names: which one it is says more than its place."""
    if path[:1] not in {("groups",), ("scrape_configs",)} or path[1:] == ():
        return path
    first, place, *rest = path
    return (first, content[first][place].get("job_name" if first == "scrape_configs" else "name", place), *rest)


def rewritten(each: Declared) -> Iterator[Declared]:
    """The resource, once with each of its documents written as mutants are, and nothing changed."""
    for document in of_resource(Resource(each)):
        if document.readable:
            text = _written(_raw(document.content), document.ending)
            yield replace(each, props=put(each.props, _path_of(document.place), text))


def _same(each: Declared) -> Declared:
    return each


def _changed(each: Declared, path: Path, value: Any) -> Declared | None:
    return None if not path and value is ABSENT else replace(each, props=put(each.props, path, value))


def _rewritten(each: Declared, at: Path, content: Any, path: Path, value: Any, ending: str) -> Declared:
    return replace(each, props=put(each.props, at, _written(put(content, path, value), ending)))


def _raw(value: Value) -> Any:
    return cast("Any", value)._raw


def _path_of(value: Value) -> Path:
    keys: list[str | int] = []
    place: Any = value
    while place._above is not None:
        keys.insert(0, place._key)
        place = place._above
    return tuple(keys)


def _written(content: Any, ending: str) -> str:
    """The content as a text: JSON is YAML, and is remembered so that nobody has to parse it again."""
    if ending == ".ini":
        parser = RawConfigParser()
        cast("Any", parser).optionxform = str
        parser.read_dict(content)
        text = io.StringIO()
        parser.write(text)
        return text.getvalue()
    if isinstance(content, dict) and "ssh_pwauth" in content:
        # Read by eye as well, by rules that look for `name: value`.
        return "#cloud-config\n" + yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False)
    text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    _REMEMBERED.clear()
    _REMEMBERED[text] = content
    return text


_REMEMBERED: dict[str, Any] = {}
_read = documents.read_yaml
documents.read_yaml = lambda text: _REMEMBERED[text] if text in _REMEMBERED else _read(text)


def _mutant(
    kind: str, each: Declared, path: Path, operator: str, value: Any, build: Callable[[], Declared | None]
) -> Mutant:
    shown = "nothing" if value is ABSENT else repr(value)
    where = "/".join(str(step) for step in path)
    return Mutant(kind, each.subject.type, each.subject.name, where, operator, shown[:80], build)


class Judge:
    """The rules of one stack; each mutant is judged only by those that read its type."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._declared = platform(stack)
        self._by_types: dict[tuple[str, ...], list[Declared]] = {}
        self._rules: dict[str, list[Rule]] = {}
        self._last: dict[str, Rule] = {}
        for rule in sorted(RULES, key=lambda rule: rule.check_stack is not None):
            for type_ in rule.types:
                self._rules.setdefault(type_, []).append(rule)

    def judge(self, mutant: Mutant) -> Verdict:
        """What the rules say of it."""
        weaker = ""
        made = mutant.build()
        last = self._last.get(mutant.type)
        for rule in (*([last] if last else ()), *self._rules.get(mutant.type, [])):
            if self._says(rule, mutant, made):
                if rule.level(self._stack) is Level.MANDATORY:
                    # It will know the next one, too, which is mostly of the same row.
                    self._last[mutant.type] = rule
                    return Verdict(mutant, "caught", rule.name)
                weaker = f"`{rule.name}` is {rule.level(self._stack).value} here: {rule.because}"
        if weaker:
            return Verdict(mutant, "equivalent", weaker)
        for each in EQUIVALENT:
            if each.covers(mutant, self._stack):
                return Verdict(mutant, "equivalent", each.reason)
        if self._leads_to_nobody(mutant):
            return Verdict(mutant, "equivalent", NOBODY)
        return Verdict(mutant, "survived")

    def _leads_to_nobody(self, mutant: Mutant) -> bool:
        """Whether a door of a network policy is for pods that the stack has not, so that nobody goes through it."""
        found = re.match(r"spec/(ingress|egress)/(\d+)/", mutant.path)
        if mutant.type != kinds.NETWORK_POLICY or found is None:
            return False
        policy: Any = next(each.props for each in self._declared if each.subject.name == mutant.name)
        rule = policy["spec"][found[1]][int(found[2])]
        peers = rule.get("from" if found[1] == "ingress" else "to", [])
        names = {each.get("podSelector", {}).get("matchLabels", {}).get(_NAME) for each in peers}
        there: set[Any] = set()
        for each in self._of_types(kinds.WORKLOADS):
            spec: Any = each.props["spec"]
            there.add(spec.get("template", {}).get("metadata", {}).get("labels", {}).get(_NAME))
        return None not in names and not names & there

    def _says(self, rule: Rule, mutant: Mutant, made: Declared | None) -> bool:
        if rule.check_stack is None:
            return made is not None and bool(rule.judge([made], EXEMPTIONS))
        others = [
            each
            for each in self._of_types(rule.types)
            if not (each.subject.name == mutant.name and each.subject.type == mutant.type)
        ]
        if made is not None:
            others.append(made)
        return bool(rule.judge(others, EXEMPTIONS))

    def _of_types(self, types: tuple[str, ...]) -> list[Declared]:
        if types not in self._by_types:
            self._by_types[types] = [each for each in self._declared if each.subject.type in types]
        return self._by_types[types]


@dataclass
class Count:
    """Verdicts of one kind."""

    made: int = 0
    caught: int = 0
    equivalent: int = 0
    survived: int = 0


def counted(verdicts: Sequence[Verdict]) -> Mapping[str, Count]:
    """How many of which outcome, by kind."""
    counts = {kind: Count() for kind in KINDS}
    for each in verdicts:
        count = counts[each.mutant.kind]
        count.made += 1
        setattr(count, each.outcome, getattr(count, each.outcome) + 1)
    return counts
