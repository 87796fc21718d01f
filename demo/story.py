"""What happens in the demo, step by step."""

import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from demo.model import Run, Step, Switch, Verdict, by_second, figures
from demo.screen import Screen
from demo.stage import SERVICE, STACK, Stage, StepError
from demo.told import Told
from sandbox.images.table import STAND_INS
from sandbox.users import Users
from settings.values import Slot

_REPOSITORY: Final = "registry.dev.luxima.local/aceh/storefront@sha256:"
GOOD: Final = _REPOSITORY + "a" * 64
BAD: Final = _REPOSITORY + "b" * 64
_BEHAVIOUR: Final = {GOOD: {}, BAD: {"FAIL_PERCENT": "10", "SLOW_SECONDS": "0.15"}}
"""The bad version is well enough for a smoke test; of its users' requests every tenth fails, and all are slow."""
_USERS: Final = 8
_TAKEN_BACK: Final = 4
"""How `release switch` and `release guard` end then."""
_ANSWER_SECONDS: Final = 120
_CALM: Final = 100
"""Answers of good versions in a row after which it is over."""


class Story:
    """One run, as far as it came."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        self._stage, self._screen = stage, screen
        self._begun = time.monotonic()
        self._steps: list[Step] = []
        self._users: Users | None = None
        self._zero = self._begun
        self._told = Told(self._place, screen.heard)
        self._fault: str | None = None
        stage.hear = self._heard

    def play(self) -> None:
        """All steps; the stack is up when it ends.

        Raises:
            StepError: When one does not go as it should.
        """
        stage = self._stage
        with self._step("copy"):
            stage.set(_BEHAVIOUR)
        with self._step("up"):
            stage.sandbox("up", "--stack", STACK, "--images", str(stage.images), "--state-at-end")
        settings = stage.settings
        fqdn, ttl = settings.environment.domain, settings.dns.switch_ttl_seconds
        users = Users(stage.layout.base, fqdn, ttl, number=_USERS)
        self._gateways: dict[str, Slot] = {
            settings.public_address(SERVICE, slot): slot for slot in settings.edge.gateways
        }
        with self._step("shop answers"):
            self._wait(users.answers, "the shop answers")
        watching = self._told.watch(stage.layout.kubeconfig, settings.edge.namespace)
        self._users, self._zero = users, time.monotonic()
        self._screen.users = users
        try:
            with users:
                self._release("good", GOOD)
                self._release("bad", BAD, (0, _TAKEN_BACK), (_TAKEN_BACK,))
                with self._step("calm"):
                    self._wait(self._calm, "users get good answers again")
        finally:
            self._told.end()
            watching.join(_ANSWER_SECONDS)
            self._told.take_rows(stage.checkout / ".release" / f"{STACK}.audit")

    def _release(
        self, name: str, image: str, switched: Collection[int] = (0,), watched: Collection[int] = (0,)
    ) -> None:
        # The guard in the cluster may have taken the bad version back before `switch` has seen all name servers.
        release = self._stage.release
        with self._step(f"{name}: deploy"):
            release("deploy", "--image", image)
        with self._step(f"{name}: verify"):
            release("verify")
        with self._step(f"{name}: switch"):
            release("switch", codes=switched)
        with self._step(f"{name}: guard"):
            release("guard", codes=watched)

    def _calm(self) -> bool:
        replies = self._users.replies[-_CALM:] if self._users is not None else []
        return len(replies) == _CALM and all(reply.good and reply.image != BAD for reply in replies)

    def clear(self) -> None:
        """Stop everything that was started.

        Raises:
            StepError: When something still runs.
        """
        with self._step("stop"):
            self._stage.clear()

    def _heard(self, line: str) -> None:
        self._told.take(line, "on the command line", datetime.now(UTC))
        self._screen.said(line)

    def fail(self, reason: str) -> None:
        """Note why it ended early."""
        self._fault = reason

    @contextmanager
    def _step(self, name: str) -> Generator[None]:
        self._screen.begins(name)
        begun = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - begun
            # Places are counted from the first request, which comes later than the first steps.
            self._steps.append(Step(name=name, at=begun, seconds=round(seconds, 1)))
            self._screen.ended(name, seconds)

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise StepError(f"{what}: not so after {_ANSWER_SECONDS} s")
            time.sleep(0.2)

    def _place(self, moment: datetime) -> float:
        return time.monotonic() - self._zero - (datetime.now(UTC) - moment).total_seconds()

    def _stand_ins(self) -> list[str]:
        # `up` lists those that run by their images.
        said = self._stage.log.read_text(encoding="utf-8")
        return [stand_in.name for image, stand_in in STAND_INS.items() if f"{image}:" in said]

    def run(self) -> Run:
        """What was seen."""
        replies = list(self._users.replies) if self._users is not None else []
        switches = tuple(
            Switch(at=round(at - self._zero, 1), slot=self._gateways[address])
            for at, address in (self._users.switches if self._users is not None else ())
        )
        verdicts: list[Verdict] = sorted(self._told.verdicts, key=lambda verdict: verdict.at)
        return Run(
            begun=datetime.now(UTC) - timedelta(seconds=time.monotonic() - self._zero),
            lasted=round(time.monotonic() - self._begun, 1),
            fault=self._fault,
            good=GOOD,
            bad=BAD,
            unreal=", ".join(self._stand_ins()),
            steps=tuple(step.model_copy(update={"at": round(step.at - self._zero, 1)}) for step in self._steps),
            seconds=by_second(replies, self._zero),
            switches=switches,
            verdicts=tuple(verdicts),
            records=self._told.records,
            figures=figures(replies, BAD, verdicts, switches, self._zero),
        )
