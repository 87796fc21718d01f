"""What has to hold between settings, beyond the form of each: one module per subject, one function per rule.

A rule yields a Problem for everything it finds. When some settings are already known to be wrong, it is given what is
left: `whole(...)` passes over tables that lack something, and reading what is missing ends the rule.
"""

from collections.abc import Callable, Iterator
from functools import partial as bind

from settings.report import Problem
from settings.rules import (
    addresses,
    availability,
    backup,
    capacity,
    database,
    delivery,
    dns,
    durations,
    guard,
    guests,
    identity,
    kubernetes,
    observability,
    releases,
    services,
    storage,
    storage_server,
)
from settings.stack import Settings

Rule = Callable[[Settings], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    *identity.RULES,
    *guests.RULES,
    *addresses.RULES,
    *dns.RULES,
    *delivery.RULES,
    *availability.RULES,
    *storage.RULES,
    *durations.RULES,
    *backup.RULES,
    *kubernetes.RULES,
    *services.RULES,
    *observability.RULES,
    *database.RULES,
    *storage_server.RULES,
    *capacity.RULES,
    *guard.RULES,
    *releases.RULES,
)


def check(settings: Settings, stack: str, *, partial: bool) -> list[Problem]:
    """All problems that the rules find; `partial` says that settings may lack what was reported already."""
    problems: list[Problem] = []
    for rule in (bind(identity.stack_name, stack=stack), *RULES):
        try:
            problems += rule(settings)
        except AttributeError:
            if not partial:
                raise
    return problems
