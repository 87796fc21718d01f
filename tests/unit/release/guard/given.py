"""Stand-ins for what a guard asks and tells, and a clock that moves only when it sleeps."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from release.announce import AnnounceError
from release.audit import Audit
from release.guard import Hooks, Release, SwitchError, Verdict, Watch
from tests.serving import Answer, Asked, Serving

SINCE = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
IMAGE = "registry.dev.luxima.local/aceh/api@sha256:" + "a" * 64
KEY = "planted-service-role-key"


@dataclass
class Server(Serving):
    """Answers every request with one of `answers` (the last one again and again), and keeps what came."""

    answers: list[tuple[int, Any]] = field(default_factory=lambda: [(200, True)])
    calls: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list[tuple[str, Any, dict[str, str]]])

    def answer(self, asked: Asked) -> Answer:
        body = json.loads(asked.body) if asked.body else None
        self.calls.append((asked.path, body, dict(asked.headers)))
        status, answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return Answer(status, text, {"Location": f"{self.url}/elsewhere"} if 300 <= status < 400 else {})


@dataclass
class Switch:
    """A name that leads somewhere; `errors` are raised first, one for each call of `back`."""

    back_already: bool = False
    errors: list[str] = field(default_factory=list[str])
    blind: bool = False
    calls: int = 0
    before: Callable[[], None] = lambda: None
    """Called when it is led over, before it is."""
    rival: bool = False
    """Somebody else is a moment faster."""
    lost_answer: bool = False
    """It is led over, but the answer does not arrive."""

    def taken_back(self) -> bool:
        if self.blind:
            raise SwitchError("the name server 127.0.0.1:53 does not answer")
        return self.back_already

    def back(self) -> bool:
        self.calls += 1
        if self.errors:
            raise SwitchError(self.errors.pop(0))
        self.before()
        if self.lost_answer:
            self.back_already, self.lost_answer = True, False
            raise SwitchError("the name server 127.0.0.1:53 does not answer")
        done = not (self.back_already or self.rival)
        self.back_already = True
        return done


@dataclass
class Announced:
    """What people were told; the first `errors` times nobody hears it."""

    errors: int = 0
    told: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def rolled_back(self, service: str, slot: str, previous: str, reason: str) -> None:
        self._tell("rolled_back", service, slot, previous, reason)

    def inconclusive(self, service: str, slot: str, reason: str) -> None:
        self._tell("inconclusive", service, slot, reason)

    def _tell(self, *what: str) -> None:
        if self.errors:
            self.errors -= 1
            raise AnnounceError("it was not announced: nobody answers")
        self.told.append(what)


@dataclass
class Trial:
    """A watch over 60 s, 30 more when there is no verdict, with a look every 5 s."""

    folder: Path
    url: str
    verdicts: Callable[[float], Verdict]
    """By seconds after the switch."""
    switch: Switch = field(default_factory=Switch)
    announced: Announced = field(default_factory=Announced)
    lines: list[str] = field(default_factory=list[str])
    events: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    seconds: float = 0
    ends_after: float = 1e9
    """When it is told to end."""
    patience: float = 0
    extended: bool = False

    def sleep(self, seconds: float) -> bool:
        assert seconds > 0
        self.seconds += seconds
        return self.seconds >= self.ends_after

    def clock(self) -> datetime:
        return SINCE + timedelta(seconds=self.seconds)

    def watch(self) -> Watch:
        release = Release(
            "dev",
            "api",
            "green",
            "blue",
            IMAGE,
            SINCE,
            SINCE + timedelta(seconds=60),
            timedelta(seconds=30),
            self.extended,
        )
        return Watch(
            release=release,
            judge=lambda now, since: self.verdicts((now - since).total_seconds()),
            switcher=self.switch,
            audit=Audit(self.folder, self.url, KEY),
            announcer=self.announced,
            who="release-guard",
            say=self.lines.append,
            clock=self.clock,
            sleep=self.sleep,
            hooks=Hooks(
                extended=lambda until: self.events.append(("extended", until)),
                trusted=lambda: self.events.append(("trusted",)),
                taken_back=lambda acted: self.events.append(("taken_back", acted)),
            ),
            patience_seconds=self.patience,
        )


def vector(*values: float | str) -> dict[str, Any]:
    """Prometheus' answer."""
    result: Sequence[Any] = [{"metric": {}, "value": [1.0, str(value)]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}
