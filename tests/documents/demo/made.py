"""A run of the demo from made-up replies: a good version, and a bad one for ten seconds."""

from datetime import UTC, datetime

from demo.chart import Lane
from demo.model import Record, Run, Step, Switch, Verdict, by_second, figures
from demo.story import BAD, GOOD
from sandbox.users import Reply

LASTED, TURNED, VERDICT, LAST = 40, 20, 26, 30
"""Seconds: the whole, the bad version's first user, the verdict, the bad version's last answer."""
PER_SECOND = 20
SHARP = '</script><b title="x">&'
"""What a guard might say that is no markup."""


def edge(lane: Lane, value: float) -> float:
    """Where a value ends in a lane, from its axis."""
    return lane.top + lane.height * (1 - value / lane.most)


def replies() -> list[Reply]:
    made: list[Reply] = []
    for number in range(LASTED * PER_SECOND):
        ended = number / PER_SECOND + 0.01
        # Of the users, half are at the bad version while it is there.
        bad = TURNED <= ended < LAST and number % 2 == 1
        took = (0.2 if bad else 0.02) + 0.001 * (number % PER_SECOND)
        status = 500 if bad and number % 10 == 5 else 200
        made.append(Reply(0, 0, ended - took, ended, status, "blue" if bad else "green", BAD if bad else GOOD))
    return made


def run() -> Run:
    verdicts = (
        Verdict(at=12, guard="on the command line", slot="green", text="trusted: the probation is over"),
        Verdict(at=VERDICT, guard="in the cluster", slot="blue", text=f"failing: 10 % of 60 failed {SHARP}"),
        Verdict(at=VERDICT + 1, guard="in the cluster", slot="blue", text="rolled back: users reach slot green again"),
    )
    switches = (Switch(at=0.1, slot="blue"), Switch(at=8, slot="green"), Switch(at=TURNED, slot="blue"))
    names = ("good: deploy", "good: verify", "good: switch", "good: guard", "bad: deploy", "bad: switch", "bad: guard")
    return Run(
        begun=datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
        lasted=90,
        fault=None,
        good=GOOD,
        bad=BAD,
        unreal="grafana, tempo",
        steps=(Step(name="up", at=-50, seconds=49), *(Step(name=n, at=5 * i, seconds=5) for i, n in enumerate(names))),
        seconds=by_second(replies(), 0),
        switches=switches,
        verdicts=verdicts,
        records=(Record(at=8, who="root", what="switch", slot="green", image=GOOD, result="succeeded"),),
        figures=figures(replies(), BAD, verdicts, switches, 0),
    )
