"""What `release status` says comes next."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from release import show
from release.contents import live_image
from release.context import Context
from release.flows import candidate, deploy
from release.pulumi_engine.targets import short
from release.repository import Version
from tests.unit.release.outside import SERVICE, image
from tests.unit.release.world import world

Act = Callable[[Context], None]


def deployed(context: Context) -> None:
    deploy.deploy(context, SERVICE, image(1))


CASES: dict[str, tuple[Sequence[Act], str]] = {
    "blue_green": ((), "storefront is stable in slot blue; next: `release deploy storefront --image …`"),
    "blue_green with an image to test": ((deployed,), "storefront has an image to test in slot green: `release verify"),
    "canary": (
        (deployed, lambda context: candidate.weigh(context, SERVICE, "canary", 10)),
        "next: `release canary storefront --percent 20`, or to end it: `release canary storefront --promote`, ",
    ),
    "shadow": ((deployed,), "next: `release shadow storefront --percent 10`, or to end it: `release shadow "),
}


@pytest.mark.parametrize("case", CASES)
def test_status_says_what_comes_next(case: str, tmp_path: Path) -> None:
    acts, sentence = CASES[case]
    made = world(tmp_path, case.split()[0])
    for act in acts:
        act(made.context())
    console = Console(width=200, file=(said := io.StringIO()))
    show.status(made.context(), console, [SERVICE], "")
    assert sentence in said.getvalue()
    assert sentence in str(show.as_json(made.context(), [SERVICE], ""))


def test_status_says_who_has_a_candidate_and_at_which_share(tmp_path: Path) -> None:
    made = world(tmp_path, "canary")
    deployed(made.context())
    candidate.weigh(made.context(), SERVICE, "canary", 10)
    console = Console(width=200, file=(said := io.StringIO()))
    show.status(made.context(), console, [SERVICE], "")
    assert f"storefront has canary {short(image(1))} at 10 %" in said.getvalue()


def test_history_can_be_read_on_a_narrow_terminal(tmp_path: Path) -> None:
    made = world(tmp_path, "blue_green")
    releases = made.context().releases
    when, subject = "2026-11-23T20:05:00+07:00", "release(dev): switch [green]"
    version = Version("1a2b3c4", when, "Cut Nyak Dhien", subject, releases)
    console = Console(width=80, file=(said := io.StringIO()))
    show.history(console, [version], SERVICE)
    head, first, second, third = (line.rstrip() for line in said.getvalue().rstrip().splitlines())
    assert head.split() == ["commit", "when", "what"]
    assert first == f"1a2b3c4  {when}  {subject}"
    assert second.strip() == f"revision {releases.revision} by Cut Nyak Dhien"
    live = releases.services[SERVICE]
    assert third.strip() == f"live: {live.live}, {short(live_image(live))}"
