"""What the engine reports while it works, put in order for reports."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from pulumi.automation import EngineEvent, OpType
from pulumi.automation.events import StepEventMetadata

from automation.marks import SIGNATURE
from automation.tokens import STACK, made_by_plugin

_MARKUP = re.compile(r"<\{%.*?%\}>")

OTHER_ROOM = "platform"
"""Where resources belong that no room made."""


@dataclass(frozen=True)
class Step:
    """One operation on one resource, planned or done."""

    operation: str
    urn: str
    type: str
    metadata: StepEventMetadata

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return name_of(self.urn)

    @property
    def room(self) -> str:
        """The room that made it."""
        return room_of(self.urn)

    @property
    def about_a_resource(self) -> bool:
        """Whether it is about a resource that a plugin makes."""
        return made_by_plugin(self.type)


@dataclass(frozen=True)
class Diagnostic:
    """A message about a resource, or about the run when `urn` is empty."""

    severity: str
    message: str
    urn: str


@dataclass(frozen=True)
class Verdict:
    """A policy's objection to a resource."""

    policy: str
    enforcement: str
    urn: str
    message: str

    @property
    def mandatory(self) -> bool:
        """Whether it stops the run."""
        return self.enforcement == "mandatory"


class Watcher(Protocol):
    """Whoever wants to see operations while they run."""

    def began(self, step: Step) -> None:
        """An operation is under way."""

    def said(self, urn: str, message: str) -> None:
        """What the plugin says of an operation under way; empty when it has nothing more to say."""

    def ended(self, step: Step, *, succeeded: bool) -> None:
        """An operation has ended."""


@dataclass
class Recorder:
    """Collects one run's events."""

    watcher: Watcher | None = None
    """Told of each operation as it goes."""
    planned: dict[str, Step] = field(default_factory=dict[str, Step])
    done: list[Step] = field(default_factory=list[Step])
    failed: list[Step] = field(default_factory=list[Step])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    verdicts: list[Verdict] = field(default_factory=list[Verdict])
    changes: Counter[str] = field(default_factory=Counter[str])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __call__(self, event: EngineEvent) -> None:
        """Take an event."""
        if event.resource_pre_event:
            step = _step(event.resource_pre_event.metadata)
            planned = self.planned.setdefault(step.urn, step)
            if planned.operation == "delete-replaced":
                # The step after it says what takes the place.
                self.planned[step.urn] = step
            if self.watcher:
                self.watcher.began(step)
        elif event.res_outputs_event:
            self._finished(_step(event.res_outputs_event.metadata))
        elif event.res_op_failed_event:
            step = _step(event.res_op_failed_event.metadata)
            self.failed.append(step)
            self._tell(step, succeeded=False)
        elif event.diagnostic_event:
            diagnostic = event.diagnostic_event
            message = plain(diagnostic.message).strip()
            if diagnostic.ephemeral and self.watcher and diagnostic.urn:
                self.watcher.said(diagnostic.urn, message)
            elif message and not diagnostic.ephemeral:
                self.diagnostics.append(Diagnostic(diagnostic.severity, message, diagnostic.urn or ""))
        elif event.policy_event:
            policy = event.policy_event
            verdict = Verdict(
                policy.policy_name, policy.enforcement_level, policy.resource_urn or "", plain(policy.message).strip()
            )
            if verdict not in self.verdicts:
                self.verdicts.append(verdict)
        elif event.summary_event:
            self.changes.update(
                {_operation(name): count for name, count in event.summary_event.resource_changes.items()}
            )

    def _finished(self, step: Step) -> None:
        self.done.append(step)
        if step.type == STACK and step.metadata.new is not None:
            self.outputs = masked(step.metadata.new.outputs or {})
        self._tell(step, succeeded=True)

    def _tell(self, step: Step, *, succeeded: bool) -> None:
        if self.watcher:
            self.watcher.ended(step, succeeded=succeeded)

    @property
    def resources(self) -> list[Step]:
        """What was done, one operation for each resource: a replacement is counted once, not as its two halves."""
        halves = {"create-replacement", "delete-replaced"}
        return [step for step in self.done if step.about_a_resource and step.operation not in halves]

    @property
    def changed(self) -> int:
        """How many resources were not the same."""
        return sum(count for name, count in self.changes.items() if name not in {"same", "read", "refresh"})

    def errors(self) -> list[Diagnostic]:
        """The error messages, each once."""
        return list(dict.fromkeys(item for item in self.diagnostics if item.severity == "error"))


def plain(text: str) -> str:
    """A message without the engine's colour marks."""
    return _MARKUP.sub("", text)


def masked(value: Any) -> Any:
    """A property as the engine reports it, its secrets in one word whichever way they were hidden."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        if SIGNATURE in mapping:
            return "[secret]"
        return {key: masked(inner) for key, inner in mapping.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in cast("list[Any]", value)]
    return value


def name_of(urn: str) -> str:
    """The logical name in a URN."""
    return urn.split("::", 3)[3] if urn.count("::") >= 3 else urn


def short_type(token: str) -> str:
    """A type token as a person says it: package, group where it tells something, type."""
    package, module, kind = token.split(":") if token.count(":") == 2 else (token, "", "")
    parts = module.split("/")
    group = "/".join(parts[:-1] if parts[-1].lower() == kind.lower() else parts)
    return " ".join(part for part in (package, "" if group in {"index", "dynamic"} else group, kind) if part)


def room_of(urn: str) -> str:
    """The room of a resource: the one in the type token of the outermost component around it.

    A service's pods come from the workload builder, but it is the service that a reader looks for.
    """
    types = urn.split("::")[2].split("$") if urn.count("::") >= 3 else []
    for token in types:
        parts = token.split(":")
        if parts[0] == "luxima" and len(parts) == 3:
            return parts[1]
    return OTHER_ROOM


def _step(metadata: StepEventMetadata) -> Step:
    return Step(_operation(metadata.op), metadata.urn, metadata.type, metadata)


def _operation(name: str) -> str:
    return name.value if isinstance(name, OpType) else str(name)
