"""The engine on one stack: what a step would change, and the step itself."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from pulumi.automation import EngineEvent, LocalWorkspace, OpType
from pulumi.automation._stack import StackInitMode  # Stack.select makes a plain Stack, not one of a subclass
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError
from pulumi.runtime.settings import SETTINGS, get_monitor

from automation.stack import BareStack
from automation.tokens import STACK
from components.release_memory import differing, entry, objection
from release.errors import Interrupted, Refused, ReleaseError
from release.pulumi_engine.command import EngineCommand
from release.pulumi_engine.known import KnownResources, plain
from release.pulumi_engine.program import program
from release.pulumi_engine.targets import Change, Target, loud, objections
from release.state import parse

# The Automation API warns when the engine ends without closing its stream of events; it is said in a sentence here.
warnings.filterwarnings("ignore", module=r"pulumi\.automation\..*")

RECORD: Final = "pulumi-python:dynamic/dns:Record"
LEDGER: Final = "pulumi-python:dynamic/services:Ledger"
_MARKUP = re.compile(r"<\{%.*?%\}>")
_KNOWN: Final = {
    "PULUMI_ACCESS_TOKEN must be set": "Pulumi is not logged in; run `pulumi login URL` with the backend of stack "
    "{stack}, or set PULUMI_BACKEND_URL to it",
    "passphrase must be set": "PULUMI_CONFIG_PASSPHRASE is not set; set it, or PULUMI_CONFIG_PASSPHRASE_FILE, to the "
    "passphrase of stack {stack}",
    "incorrect passphrase": "PULUMI_CONFIG_PASSPHRASE is not the passphrase of stack {stack}; set the right one",
}
"""What the engine says when it cannot begin, and what is said in its place."""


class _Workspace(LocalWorkspace):
    """A workspace whose stack is named in each command: nothing has to be selected before."""

    def select_stack(self, stack_name: str) -> None:
        """Nothing to do."""


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
    _whole: bool = field(default=False, init=False)
    """Whether the engine is asked for every resource, because it would not do with fewer."""

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

    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs, secrets readable; none before the first update."""
        return {name: plain(value) for item in self._resources(STACK) for name, value in item.items()}

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
        return [
            cast("dict[str, Any]", item.get("outputs") or {}) for item in self._deployment() if item["type"] == token
        ]

    def _deployment(self) -> list[dict[str, Any]]:
        """The resources in the state."""
        if self._state is None:
            exported = self._ask(lambda: self._workspace().export_stack(self.stack)).deployment
            content = cast("dict[str, Any]", exported or {})
            self._state = cast("list[dict[str, Any]]", content.get("resources") or [])
        return self._state

    def _workspace(self, run: Callable[[], None] | None = None) -> LocalWorkspace:
        return _Workspace(str(self.project), program=run, pulumi_command=self.command)

    def preview(self, text: str, targets: Sequence[Target]) -> list[Change]:
        """What an update would change.

        Args:
            text: The release file.
            targets: What the step is about.

        Raises:
            Refused: When it would touch anything else.
            ReleaseError: When the program fails or a policy objects.
        """
        narrow = self._narrow(text, targets)
        changes = loud(self._run(text, targets, preview=True)) if narrow is None else narrow
        beside = objections(changes, targets)
        if beside:
            raise Refused(
                f"the update would also {', '.join(map(str, beside))}; nothing was changed. Run `pulumi up` first, "
                "or undo that change"
            )
        return changes

    def _narrow(self, text: str, targets: Sequence[Target]) -> list[Change] | None:
        """The same, with the engine asked for as little as can be; None when that does not do.

        Whatever a release changes depends on the ledger, so the engine is not asked for that one: it is in the state
        alone, and what becomes of it is known here.
        """
        seen = next((item for item in self._deployment() if item["type"] == LEDGER), None)
        if self._whole or seen is None:
            return None
        proposed = entry(parse(text, "the release file"), self.stack)
        remembered = cast("dict[str, Any]", seen["outputs"])
        refused = objection(remembered, proposed)
        if refused is not None:
            raise Refused(refused)
        keys = differing(remembered, proposed)
        own = [Change(seen["urn"], "update", LEDGER, keys)] if keys else []
        try:
            others = [target for target in targets if target.type != LEDGER]
            return own + (loud(self._run(text, others, preview=True)) if others else [])
        except (Interrupted, Refused):
            raise
        except ReleaseError:
            # Nothing was changed. What stops the step is said by the whole program, or does not stop it.
            self._whole = True
            return None

    def update(self, text: str, changes: Sequence[Change], *, go_on: bool = False) -> list[Change]:
        """Make what was previewed.

        Args:
            text: The release file.
            changes: From `preview`.
            go_on: Whether a failure of one resource is no reason to leave the others.
        """
        exact = [change.urn for change in changes]
        if not exact:
            return []
        try:
            return loud(self._run(text, exact, preview=False, go_on=go_on))
        finally:
            self._state = None

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
        # The engine writes its state in the order of registrations: an update with fewer of them could put a resource
        # before one that it depends on, and a state like that is refused from then on.
        whole = self._whole or not preview
        state = [] if whole else self._deployment()
        with program(self.root, self.stack, text, self.log.with_suffix(".traceback")) as run:

            def narrowed() -> None:
                runtime: Any = SETTINGS
                runtime.monitor = KnownResources(get_monitor(), state, urns)
                run()

            workspace = self._workspace(run if whole else narrowed)

            def work() -> Any:
                stack = BareStack(self.stack, workspace, StackInitMode.SELECT)
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
            raise ReleaseError(
                f"the Pulumi backend has no stack {self.stack}; `pulumi whoami --verbose` says which backend it is. If "
                f"the stack is new: `pulumi stack init {self.stack}`, then `pulumi up --policy-pack policy`"
            ) from None
        except ConcurrentUpdateError:
            raise Refused(
                f"somebody else is updating stack {self.stack}; wait until it ends, or free it with `pulumi cancel` "
                "if nobody is"
            ) from None
        except CommandError as error:
            if self.command.interrupted:
                raise Interrupted("stopped; the engine finished the operations in progress") from None
            known = next((sentence for mark, sentence in _KNOWN.items() if mark in str(error)), None)
            if known:
                raise ReleaseError(known.format(stack=self.stack)) from None
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
    lines = [line.partition("error:")[2].strip() for line in output.splitlines() if "error:" in line]
    return lines[-1] if lines else "it gave no reason"
