"""Rules on what is observed: the names it speaks of are there, and what is promised can be measured (MON-6)."""

from collections.abc import Iterator

from settings.report import Problem, show, suggest
from settings.shape import whole
from settings.stack import Settings

BOUNDS_MILLISECONDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)
"""Upper bounds of the buckets of `http_request_duration_seconds`, as the contract with the services says (MON-8)."""


def objectives(settings: Settings) -> Iterator[Problem]:
    """An objective is for a service that is there, and a latency has a threshold that its histogram knows."""
    for name, objective in whole(settings.observability.objectives):
        path = ("observability", "objectives", name)
        if objective.service not in settings.services:
            text = (
                f"{show(objective.service)} is no service; {suggest(objective.service, settings.services, 'services')}"
            )
            yield Problem((*path, "service"), text)
        threshold = objective.threshold_milliseconds
        if objective.indicator == "availability" and threshold is not None:
            yield Problem((*path, "threshold_milliseconds"), "is for indicator latency only; take it out")
        if objective.indicator == "latency" and threshold not in BOUNDS_MILLISECONDS:
            bounds = ", ".join(map(str, BOUNDS_MILLISECONDS))
            text = "is missing" if threshold is None else f"{threshold} is no bound of the services' histogram"
            yield Problem((*path, "threshold_milliseconds"), f"{text}; give one of {bounds}")


def main_services(settings: Settings) -> Iterator[Problem]:
    """Every main service has an availability objective that is no lower than the requirement's (ENV-4)."""
    required = settings.environment.uptime_objective_percent
    promised = {
        objective.service: (name, objective.objective_percent)
        for name, objective in whole(settings.observability.objectives)
        if objective.indicator == "availability"
    }
    for service in settings.services:
        if service not in promised:
            text = f"{service} has no objective of indicator availability; requirement ENV-4 asks for {required:g} %"
            yield Problem(("observability", "objectives"), text)
            continue
        name, percent = promised[service]
        if percent < required:
            text = f"{percent:g} is less than environment.uptime_objective_percent, {required:g}; give at least that"
            yield Problem(("observability", "objectives", name, "objective_percent"), text)


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


RULES = (objectives, main_services, replicas)
