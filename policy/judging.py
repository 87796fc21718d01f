"""What a rule is, and how it is judged: one that cannot be evaluated has failed, unless an exemption covers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from .values import Finding, Hidden, Subject, UnevaluableError, Value, beneath

if TYPE_CHECKING:
    from .exempting import Exemption


class Level(Enum):
    """What a finding does: mandatory stops the update, advisory is shown, off is not even looked for."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    OFF = "off"


class Severity(Enum):
    """How bad it is when the rule is broken."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource as the program declares it (plain data); the material that rules are judged on."""

    subject: Subject
    props: Mapping[str, object]
    protect: bool = False
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Property name to the URNs of the resources whose outputs it was made of."""


class Resource:
    """One resource, as a rule sees it."""

    __slots__ = ("_declared", "props")

    def __init__(self, declared: Declared, hidden: Hidden = frozenset()) -> None:
        self._declared = declared
        self.props = Value(declared.props, declared.subject, hidden)

    @property
    def type(self) -> str:
        """The type token."""
        return self._declared.subject.type

    @property
    def name(self) -> str:
        """The name in the program."""
        return self._declared.subject.name

    @property
    def urn(self) -> str:
        """The engine's unique name."""
        return self._declared.subject.urn

    @property
    def protected(self) -> bool:
        """Whether the program marked it `protect`."""
        return self._declared.protect

    def made_of(self, name: str) -> tuple[str, ...]:
        """The URNs of the resources whose outputs the property `name` was made of."""
        return self._declared.refers.get(name, ())


class Stack:
    """All resources of a stack, as a rule sees them."""

    __slots__ = ("_by_type",)

    def __init__(self, declared: Iterable[Declared], hidden: Hidden = frozenset()) -> None:
        self._by_type: dict[str, list[Resource]] = {}
        for each in declared:
            self._by_type.setdefault(each.subject.type, []).append(Resource(each, hidden))

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types, in the order of the types."""
        return [resource for type_ in types for resource in self._by_type.get(type_, [])]


ResourceCheck = Callable[[Resource], Iterator[Finding]]
StackCheck = Callable[[Stack], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the pack; `judge` runs it, so that a rule that cannot be evaluated is a finding."""

    name: str
    says: str
    requirements: tuple[str, ...]
    types: tuple[str, ...]
    severity: Severity
    dev: Level
    elsewhere: Level
    because: str
    check_resource: ResourceCheck | None = None
    check_stack: StackCheck | None = None

    def level(self, stack: str) -> Level:
        """What a finding does in this stack; whatever is not `dev`, also no name at all, is taken for production."""
        return self.dev if stack == "dev" else self.elsewhere

    def judge(self, declared: Sequence[Declared], exemptions: Sequence[Exemption]) -> list[Finding]:
        """Run the rule on what is of its types (one by one, or all at once) and give what no exemption covers.

        An unknown value is reported once and then taken for absent, so that the rest is judged all the same.
        """
        declared = [each for each in declared if each.subject.type in self.types]
        hidden: set[tuple[str, str]] = set()
        unknown: list[Finding] = []
        while True:
            findings: list[Finding] = []
            try:
                findings.extend(self._run(declared, frozenset(hidden)))
                break
            except UnevaluableError as stop:
                place = (stop.finding.subject.urn, stop.finding.path)
                unknown.append(stop.finding)
                if place in hidden:
                    break
                hidden.add(place)
            except Exception as bug:  # noqa: BLE001 - whatever goes wrong in a rule, the rule has failed
                subject = declared[0].subject if declared else Subject("pulumi:pulumi:Stack", "stack", "")
                unknown.append(
                    Finding(
                        subject,
                        "",
                        f"could not be judged by the rule: {type(bug).__name__}",
                        "mend the rule in policy/rules, or the input that it stumbles over",
                    )
                )
                break
        if not findings and not unknown:
            return []
        seen = [
            finding
            for finding in findings
            if not any(urn == finding.subject.urn and beneath(finding.path, path) for urn, path in hidden)
        ]
        return [
            finding
            for finding in (*unknown, *seen)
            if not any(each.rule == self.name and each.covers(finding) for each in exemptions)
        ]

    def _run(self, declared: Sequence[Declared], hidden: Hidden) -> Iterator[Finding]:
        if self.check_stack is not None:
            return self.check_stack(Stack(declared, hidden))
        if self.check_resource is None:
            raise TypeError(f"{self.name} has no check")
        return (finding for each in declared for finding in self.check_resource(Resource(each, hidden)))

    def message(self, finding: Finding) -> str:
        """The sentence a person reads: which resource, where, what is wrong, what would be right, which requirement."""
        where = f"{finding.path} " if finding.path else ""
        return (
            f"{finding.subject.name} ({finding.subject.type}): {where}{finding.problem}; {finding.remedy} "
            f"({', '.join(self.requirements)})"
        )


def resource_rule(
    name: str,
    *,
    requirements: tuple[str, ...],
    types: tuple[str, ...],
    severity: Severity = Severity.HIGH,
    dev: Level = Level.MANDATORY,
    elsewhere: Level = Level.MANDATORY,
    because: str = "",
) -> Callable[[ResourceCheck], Rule]:
    """Make a rule on single resources of the given types.

    The function finds what is wrong; its docstring is what the rule says.
    """

    def make(check: ResourceCheck) -> Rule:
        return Rule(
            name, _says(check.__doc__), requirements, types, severity, dev, elsewhere, because, check_resource=check
        )

    return make


def stack_rule(
    name: str,
    *,
    requirements: tuple[str, ...],
    types: tuple[str, ...],
    severity: Severity = Severity.HIGH,
    dev: Level = Level.MANDATORY,
    elsewhere: Level = Level.MANDATORY,
    because: str = "",
) -> Callable[[StackCheck], Rule]:
    """Make a rule on the whole stack; `types` are the ones it looks at."""

    def make(check: StackCheck) -> Rule:
        return Rule(
            name, _says(check.__doc__), requirements, types, severity, dev, elsewhere, because, check_stack=check
        )

    return make


def _says(docstring: str | None) -> str:
    return " ".join((docstring or "").split())
