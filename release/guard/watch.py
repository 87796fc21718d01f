"""The watch over a release that has just become live: until it is trusted, taken back, or left to a person (REL-6).

It keeps nothing in memory that it could not find out again: what it watches and until when is told to it, whether the
release was taken back stands in the DNS, and what it was about to do lies in the audit's folder. So it can be ended at
any moment and started anew. Of two that watch the same release one takes it back, and the other finds it done.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from release.announce import AnnounceError
from release.audit import Audit, Result, Row
from release.guard.judge import Verdict
from release.guard.probation import FAILED, HEALTHY, INCONCLUSIVE, INTERRUPTED, TAKEN_BACK, Outcome, Release
from release.guard.switcher import Switcher, SwitchError

_LONGEST_PAUSE_SECONDS: Final = 60.0
_SWITCH: Final = timedelta(minutes=5)
"""How long a switch may take from its first line in the release file to the name server, at most."""


class Announces(Protocol):
    """Tells people; `release.announce.Announcer` is one."""

    def rolled_back(self, service: str, slot: str, previous: str, reason: str) -> None:
        """A slot was taken back."""
        ...

    def inconclusive(self, service: str, slot: str, reason: str) -> None:
        """A probation ended without a verdict."""
        ...


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Hooks:
    """What the caller does when something has happened: the command line writes the release file, the Job nothing."""

    extended: Callable[[datetime], None] = _nothing
    """The probation goes on until that moment."""
    trusted: Callable[[], None] = _nothing
    """The probation is over."""
    taken_back: Callable[[bool], None] = _nothing
    """Users are at the slot before; True when this watch led them there."""


@dataclass
class Watch:
    """One watch; `run` it once."""

    release: Release
    judge: Callable[[datetime, datetime], Verdict]
    """Called with now and since when to count."""
    switcher: Switcher
    audit: Audit
    announcer: Announces
    who: str
    """Name in the audit rows."""
    say: Callable[[str], None]
    """Takes a line."""
    clock: Callable[[], datetime]
    sleep: Callable[[float], bool]
    """Sleeps for that many seconds, or less; True when the watch has to end."""
    check_seconds: float = 5
    hooks: Hooks = field(default_factory=Hooks)
    patience_seconds: float = 0
    """How long it stays to tell what could not be told when it had ended; a caller that comes again needs none."""

    def run(self) -> Outcome:
        """Watch until there is an end."""
        self._told: str | None = None
        self._seen = False
        self._problems: set[str] = set()
        self._unsaid: list[Callable[[], None]] = []
        release = self.release
        self._line(f"watched until {_moment(release.until)}")
        outcome = self._watch()
        if outcome.code == INTERRUPTED:
            self._line("interrupted: nobody watches the release any longer")
            return outcome
        return replace(outcome, told=self._deliver())

    def _watch(self) -> Outcome:
        deadline, extended = self.release.until, self.release.extended
        last = deadline if extended else deadline + self.release.extension
        while True:
            if self._taken_back():
                if self._led_over():
                    return self._found_back()
                if self.sleep(self.check_seconds):
                    return Outcome(INTERRUPTED, None)
                continue
            now = self.clock()
            verdict = self.judge(now, self.release.since)
            self._change(verdict)
            if verdict.state == "failing" and now > last + self.release.extension:
                self._line("the probation ended long ago, so the release is not rolled back")
                return self._leave(verdict)
            if verdict.state == "failing":
                outcome = self._take_back(verdict, final=now >= last)
                if outcome is not None:
                    return outcome
            elif now >= deadline:
                if verdict.state == "healthy":
                    return self._trust(verdict)
                if extended:
                    return self._leave(verdict)
                deadline, extended = deadline + self.release.extension, True
                self._line(f"no verdict, so the probation is extended once, until {_moment(deadline)}")
                self.hooks.extended(deadline)
            rest = (deadline - self.clock()).total_seconds()
            if self.sleep(min(self.check_seconds, rest) if rest > 0 else self.check_seconds):
                return Outcome(INTERRUPTED, verdict)

    def _taken_back(self) -> bool:
        """Whether users are at the slot before; a name server that is silent keeps nobody from watching."""
        try:
            found = self.switcher.taken_back()
        except SwitchError as error:
            self._trouble(f"the guard cannot see which slot users reach: {error}")
            return False
        if not found:
            self._seen = True
            # What was tried before did not happen.
            self.audit.drop(self._id("rolled_back"))
        return found

    def _led_over(self) -> bool:
        """Whether users had been led to the slot: the probation is written down before they are."""
        release = self.release
        grace = min(release.until - release.since, _SWITCH)
        if self._seen or self.clock() >= release.since + grace or self.audit.held(self._id("rolled_back")) is not None:
            return True
        self._trouble(f"waiting until users reach slot {release.slot}")
        return False

    def _found_back(self) -> Outcome:
        row = self.audit.held(self._id("rolled_back"))
        if row is None:
            self._line(f"users reach slot {self.release.previous} already: somebody else rolled the release back")
        else:
            # The name was led over, and the answer was lost, or the guard was ended before it could say so.
            self._finish(row)
        self.hooks.taken_back(row is not None)
        return Outcome(TAKEN_BACK, None, row is not None)

    def _take_back(self, verdict: Verdict, *, final: bool) -> Outcome | None:
        """Lead users back; None when that has to be tried again."""
        row = self._row("rolled_back", f"took {self.release.service} back to {self.release.previous}", verdict)
        self.audit.hold(row)
        try:
            acted = self.switcher.back()
        except SwitchError as error:
            self._trouble(f"the release could not be rolled back: {error}")
            if not final:
                return None
            self._record(self._row("failed", f"could not take {self.release.service} back", verdict))
            return Outcome(FAILED, verdict)
        if acted:
            self._finish(row)
        else:
            self.audit.drop(row.id)
            self._line("somebody else rolled the release back at the same moment")
        self.hooks.taken_back(acted)
        return Outcome(TAKEN_BACK, verdict, acted)

    def _finish(self, row: Row) -> None:
        """Tell everybody; the held row is forgotten only when that is done, see `_deliver`."""
        release, reason = self.release, str(row.details.get("reason", ""))
        self._line(f"rolled back: users reach slot {release.previous} again")
        self._record(row)
        self._announce(lambda: self.announcer.rolled_back(release.service, release.slot, release.previous, reason))

    def _trust(self, verdict: Verdict) -> Outcome:
        self._line("trusted: the probation is over")
        self._record(self._row("succeeded", f"trusts {self.release.service} after its probation", verdict))
        self.hooks.trusted()
        return Outcome(HEALTHY, verdict)

    def _leave(self, verdict: Verdict) -> Outcome:
        release = self.release
        ways = f"`release guard {release.service} --trust` or `release rollback {release.service}`"
        self._line(f"no verdict after the extension either; a person must decide: {ways}")
        self._record(self._row("failed", f"has no verdict on {release.service}: a person decides", verdict))
        self._announce(lambda: self.announcer.inconclusive(release.service, release.slot, verdict.reason))
        return Outcome(INCONCLUSIVE, verdict)

    def _row(self, result: Result, what: str, verdict: Verdict) -> Row:
        return Row(
            who=self.who,
            what=what,
            stack=self.release.stack,
            result=result,
            when=_moment(self.clock()),
            slot=self.release.slot,
            image=self.release.image,
            details={
                "service": self.release.service,
                "previous": self.release.previous,
                "since": _moment(self.release.since),
                "verdict": verdict.state,
                "reason": verdict.reason,
                "warnings": list(verdict.warnings),
            },
            id=self._id(result),
        )

    def _id(self, result: Result) -> str:
        """The same for every guard of a release: what two of them, or one that was started anew, say is one row."""
        release = self.release
        parts = (release.stack, release.service, release.slot, _moment(release.since), "guard", result)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))

    def _record(self, row: Row) -> None:
        delivery = self.audit.record(row)
        if delivery.sentence is not None:
            self._line(delivery.sentence)
            # Should the folder be lost as well, the log still has it.
            self._line(f"kept: {json.dumps(asdict(row))}")

    def _announce(self, tell: Callable[[], None]) -> None:
        try:
            tell()
        except AnnounceError as error:
            self._line(str(error))
            self._unsaid.append(tell)

    def _deliver(self) -> bool:
        """Stay until everything is told, as long as the caller has patience; gives whether it is."""
        end, pause = self.clock() + timedelta(seconds=self.patience_seconds), float(self.check_seconds)
        waiting = self.audit.flush().waiting
        while (waiting or self._unsaid) and self.clock() < end and not self.sleep(pause):
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            delivery = self.audit.flush()
            if delivery.sent:
                self._line(f"{delivery.sent} audit rows were written later")
            waiting, unsaid, self._unsaid = delivery.waiting, self._unsaid, []
            for tell in unsaid:
                self._announce(tell)
        if waiting or self._unsaid:
            self._line(f"not sent: {waiting} audit rows, which are kept, and {len(self._unsaid)} announcements")
            return False
        self.audit.drop(self._id("rolled_back"))
        return True

    def _change(self, verdict: Verdict) -> None:
        """A line when the verdict is another one; its figures change all the time."""
        kinds = [warning.partition(" ")[0] for warning in verdict.warnings]
        key = f"{verdict.state} {kinds}"
        if key != self._told:
            self._told = key
            self._line(
                "; ".join([f"{verdict.state}: {verdict.reason}", *(f"note: {each}" for each in verdict.warnings)])
            )

    def _trouble(self, text: str) -> None:
        """A line, once for the same trouble."""
        if text not in self._problems:
            self._problems.add(text)
            self._line(text)

    def _line(self, text: str) -> None:
        release = self.release
        self.say(f"{_moment(self.clock())} {release.service} {release.slot}: {text}")


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
