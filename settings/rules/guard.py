"""Rules on the guard of releases: it is there long enough, and sees enough, to come to a verdict (REL-6)."""

from collections.abc import Iterator

from settings.report import Problem
from settings.stack import Settings


def probation(settings: Settings) -> Iterator[Problem]:
    """A release is watched for at least the time over which it is judged."""
    guard = settings.guard
    if guard.probation_minutes < guard.window_minutes:
        text = (
            f"{guard.probation_minutes} is shorter than window_minutes, so a verdict would never cover a whole window"
        )
        yield Problem(("guard", "probation_minutes"), f"{text}; give at least {guard.window_minutes}")


def enough_requests(settings: Settings) -> Iterator[Problem]:
    """At the busiest time there are as many requests as a verdict takes."""
    guard = settings.guard
    most = settings.observability.load.requests_per_second * guard.window_minutes * 60
    if guard.minimum_requests > most:
        text = f"{guard.minimum_requests} requests never come in window_minutes, in which the load makes {most:g}"
        yield Problem(("guard", "minimum_requests"), f"{text}; give at most that, or a longer window")


RULES = (probation, enough_requests)
