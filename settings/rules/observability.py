"""Rules on what is observed: the names it speaks of are there, and what is promised can be measured (MON-6)."""

from collections.abc import Iterator

from settings.observability.objectives import AVAILABILITY, Promise
from settings.report import Path, Problem
from settings.shape import whole
from settings.stack import Settings

BOUNDS_MILLISECONDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)
"""Upper bounds of the buckets of `http_request_duration_seconds`, as the contract with the services says (MON-8)."""


def given_objectives(settings: Settings) -> Iterator[tuple[Path, Promise]]:
    """The objectives that the services file gives, with their places."""
    for service, entry in whole(settings.services):
        for name, objective in entry.objectives.items():
            yield ("services", service, "objectives", name), objective


def objectives(settings: Settings) -> Iterator[Problem]:
    """A latency has a threshold that the services' histogram knows; the name `availability` says what it is."""
    for path, objective in given_objectives(settings):
        threshold = objective.threshold_milliseconds
        if objective.indicator == "availability" and threshold is not None:
            yield Problem((*path, "threshold_milliseconds"), "is for indicator latency only; take it out")
        if objective.indicator == "latency" and path[-1] == AVAILABILITY:
            yield Problem(path, "is of indicator latency; give it another name, such as latency")
        if objective.indicator == "latency" and threshold not in BOUNDS_MILLISECONDS:
            bounds = ", ".join(map(str, BOUNDS_MILLISECONDS))
            text = "is missing" if threshold is None else f"{threshold} is no bound of the services' histogram"
            yield Problem((*path, "threshold_milliseconds"), f"{text}; give one of {bounds}")


def uptime(settings: Settings) -> Iterator[Problem]:
    """No service is promised to be available less than the requirement asks for (ENV-4)."""
    required = settings.environment.uptime_objective_percent
    for path, objective in given_objectives(settings):
        percent = objective.objective_percent
        if objective.indicator == "availability" and percent < required:
            text = f"{percent:g} is less than environment.uptime_objective_percent, {required:g}; give at least that"
            yield Problem((*path, "objective_percent"), text)


def replicas(settings: Settings) -> Iterator[Problem]:
    """Loki's mode and number of pods belong together."""
    loki = settings.observability.loki
    if loki.mode == "monolithic" and loki.replicas != 1:
        yield Problem(
            ("observability", "loki", "replicas"), f"{loki.replicas} with mode monolithic; give 1, or mode ha"
        )
    if loki.mode == "ha" and loki.replicas < 3:
        text = f"{loki.replicas} is too few for mode ha, which keeps three copies; give at least 3"
        yield Problem(("observability", "loki", "replicas"), text)


RULES = (objectives, uptime, replicas)
