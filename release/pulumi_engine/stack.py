"""The engine on one stack: what a step would change, and the step itself."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from pulumi.automation import EngineEvent, LocalWorkspace, OpType, Stack
from pulumi.automation._stack import StackInitMode  # Stack.select asks for the same, and makes a plain Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from release.errors import Interrupted, Refused, ReleaseError
from release.pulumi_engine.command import EngineCommand
from release.pulumi_engine.program import program
from release.pulumi_engine.targets import Change, Target, loud, objections

# The Automation API warns when the engine ends without closing its stream of events; it is said in a sentence here.
warnings.filterwarnings("ignore", module=r"pulumi\.automation\..*")

RECORD: Final = "pulumi-python:dynamic/dns:Record"
LEDGER: Final = "pulumi-python:dynamic/services:Ledger"
_MARKUP = re.compile(r"<\{%.*?%\}>")


@dataclass
class PulumiEngine:
    """The engine on one stack.

    Attributes:
        root: The checkout.
        project: Folder with Pulumi.yaml and Pulumi.<stack>.yaml.
        stack: Name of the stack.
        log: Takes what the engine wrote when it failed.
    """

    root: Path
    project: Path
    stack: str
    log: Path
    command: EngineCommand = field(init=False)
    _state: list[dict[str, Any]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        try:
            self.command = EngineCommand()
        except (OSError, RuntimeError) as error:
            raise ReleaseError(f"the engine cannot be run: {error}; is `pulumi` on PATH?") from error

    def configuration(self) -> tuple[dict[str, str], list[str]]:
        """The stack's configuration, secrets readable, and which of its keys are secret."""
        values = self._ask(
            lambda: LocalWorkspace(str(self.project), pulumi_command=self.command).get_all_config(self.stack)
        )
        return (
            {key: str(item.value) for key, item in values.items()},
            [key for key, item in values.items() if item.secret],
        )

    def kubeconfig(self) -> str:
        """For the stack's cluster; empty when the stack has none."""
        outputs = self._ask(lambda: self._workspace().stack_outputs(self.stack))
        return str(outputs["kubeconfig"].value) if "kubeconfig" in outputs else ""

    def records(self) -> Mapping[str, tuple[str, ...]]:
        """Addresses by full name, as the engine wrote them last; no program and no server is asked."""
        return {
            str(item["name"]): tuple(sorted(str(value) for value in item["records"]))
            for item in self._resources(RECORD)
            if item["type"] == "A"
        }

    def revision(self) -> int | None:
        """The latest revision of the release file that the stack has seen; None before the first."""
        return next((int(item["revision"]) for item in self._resources(LEDGER)), None)

    def _resources(self, token: str) -> list[dict[str, Any]]:
        """Outputs of the resources of a type in the state."""
        if self._state is None:
            exported = self._ask(lambda: self._workspace().export_stack(self.stack)).deployment
            content = cast("dict[str, Any]", exported or {})
            self._state = cast("list[dict[str, Any]]", content.get("resources") or [])
        return [cast("dict[str, Any]", item["outputs"]) for item in self._state if item["type"] == token]

    def _workspace(self, run: Callable[[], None] | None = None) -> LocalWorkspace:
        return LocalWorkspace(str(self.project), program=run, pulumi_command=self.command)

    def preview(self, text: str, targets: Sequence[Target]) -> list[Change]:
        """What an update would change.

        Args:
            text: The release file.
            targets: What the step is about.

        Raises:
            Refused: When it would touch anything else.
            ReleaseError: When the program fails or a policy objects.
        """
        changes = loud(self._run(text, targets, preview=True))
        beside = objections(changes, targets)
        if beside:
            raise Refused(
                f"the update would also {', '.join(map(str, beside))}; nothing was changed. Run `pulumi up` first, "
                "or undo that change"
            )
        return changes

    def update(self, text: str, changes: Sequence[Change], *, go_on: bool = False) -> list[Change]:
        """Make what was previewed.

        Args:
            text: The release file.
            changes: From `preview`.
            go_on: Whether a failure of one resource is no reason to leave the others.
        """
        exact = [change.urn for change in changes]
        self._state = None
        return loud(self._run(text, exact, preview=False, go_on=go_on)) if exact else []

    def interrupt(self) -> bool:
        """Ask a running engine to stop; False when none runs."""
        return self.command.interrupt()

    def _run(
        self, text: str, targets: Sequence[Target] | Sequence[str], *, preview: bool, go_on: bool = False
    ) -> list[Change]:
        events = _Events(preview=preview)
        urns = [
            urn
            for target in targets
            for urn in ([target] if isinstance(target, str) else target.patterns(self.stack, "luxima"))
        ]
        policies = [str(self.root / "policy")]
        with program(self.root, self.stack, text, self.log.with_suffix(".traceback")) as run:
            workspace = self._workspace(run)

            def work() -> Any:
                stack = Stack(self.stack, workspace, StackInitMode.SELECT)
                if preview:
                    return stack.preview(target=urns, policy_packs=policies, on_event=events, color="never")
                return stack.up(
                    target=urns,
                    policy_packs=policies,
                    on_event=events,
                    color="never",
                    continue_on_error=go_on or None,
                    show_secrets=False,
                )

            self._ask(work, events)
        return events.changes

    def _ask(self, work: Callable[[], Any], events: "_Events | None" = None) -> Any:
        """Turn the engine's failure into a sentence."""
        try:
            return work()
        except StackNotFoundError:
            raise ReleaseError(f"there is no stack {self.stack} yet; create it first with `pulumi up`") from None
        except ConcurrentUpdateError:
            raise Refused(
                f"somebody else is updating stack {self.stack}; wait until it ends, or free it with `pulumi cancel` "
                "if nobody is"
            ) from None
        except CommandError as error:
            if self.command.interrupted:
                raise Interrupted("stopped; the engine finished the operations in progress") from None
            self.log.write_text(str(error), encoding="utf-8")
            reasons = events.errors if events else []
            said = "; ".join(reasons) or _last_words(str(error))
            raise ReleaseError(f"the engine failed: {said} (its output is in {self.log})") from None


@dataclass
class _Events:
    """Collects the operations of one run."""

    preview: bool
    changes: list[Change] = field(default_factory=list[Change])
    errors: list[str] = field(default_factory=list[str])

    def __call__(self, event: EngineEvent) -> None:
        step = event.resource_pre_event if self.preview else event.res_outputs_event
        if step is not None:
            meta = step.metadata
            change = Change(meta.urn, _operation(meta.op), meta.type, tuple(meta.diffs or ()))
            if change not in self.changes:
                self.changes.append(change)
        diagnostic = event.diagnostic_event
        if diagnostic is not None and diagnostic.severity == "error":
            self._error(diagnostic.message)
        policy = event.policy_event
        if policy is not None and policy.enforcement_level == "mandatory":
            self._error(f"policy {policy.policy_name}: {policy.message}")

    def _error(self, text: str) -> None:
        said = " ".join(_MARKUP.sub("", text).split())
        if said and said not in self.errors:
            self.errors.append(said)


def _operation(name: OpType | str) -> str:
    """An operation's name; one that the SDK does not know comes as text."""
    return name.value if isinstance(name, OpType) else name


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if "error:" in line]
    return lines[-1] if lines else "it gave no reason"
