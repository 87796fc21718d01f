"""Rules on the services: hosts, references, memory (ENV-2, ENV-4)."""

from collections.abc import Iterator
from typing import get_args
from urllib.parse import urlsplit

from settings.coolify import HOST as COOLIFY
from settings.database import HOST as DATABASE
from settings.environment import GATEWAY_HOSTS
from settings.report import Problem, show, suggest
from settings.shape import whole
from settings.stack import Settings
from settings.values import Slot

PARTS = ("blue", "green", "canary", "shadow", "mirrored", "elsewhere", "probed")
PLATFORM = (*GATEWAY_HOSTS, DATABASE, COOLIFY, "routing")
"""What the gateways route to beside services; each name that begins with one and a hyphen is one of its routes."""
NEEDED = ("storefront", "admin", "auth", "api")


def needed_services(settings: Settings) -> Iterator[Problem]:
    """Every stack has the services that the requirement names (ENV-2)."""
    for name in NEEDED:
        if name not in settings.services:
            yield Problem(("services", name), "is missing; requirement ENV-2 asks for this service in every stack")


def hosts(settings: Settings) -> Iterator[Problem]:
    """A public name leads to one service, or to one slot of one service."""
    taken = {f"{name}-{slot}": f"slot {slot} of {name}" for name in settings.services for slot in get_args(Slot)}
    for name, service in whole(settings.services):
        if service.host in taken:
            text = f"{show(service.host)} is the host of {taken[service.host]} already; give another host"
            yield Problem(("services", name, "host"), text)
        taken.setdefault(service.host, name)


def names(settings: Settings) -> Iterator[Problem]:
    """No service is called like something else that the gateways route to."""
    services = settings.services
    taken = {f"{name}-{part}": f"{part} of {name}" for name in services for part in PARTS}
    for name in services:
        owner = taken.get(name) or next((each for each in PLATFORM if f"{name}-".startswith(f"{each}-")), None)
        if owner:
            yield Problem(("services", name), f"is a name that the gateways use for {owner}; give another name")


def storage_users(settings: Settings) -> Iterator[Problem]:
    """A service's user of the object storage is there."""
    known = settings.storage.users
    for name, service in whole(settings.services):
        user = service.storage_user
        if user is not None and user not in known:
            text = f"{show(user)} is not a user of the object storage; {suggest(user, known, 'users')}"
            yield Problem(("services", name, "storage_user"), text)


def memory_limit(settings: Settings) -> Iterator[Problem]:
    """A pod may use at least what is kept free for it."""
    for name, service in whole(settings.services):
        limit, request = service.memory_limit_mib, service.memory_request_mib
        if limit < request:
            text = f"{limit} is less than memory_request_mib; give at least {request}"
            yield Problem(("services", name, "memory_limit_mib"), text)


def autoscaling(settings: Settings) -> Iterator[Problem]:
    """There is something to scale to."""
    for name, service in whole(settings.services):
        if service.autoscaling is not None and service.autoscaling.max_replicas <= service.replicas:
            text = f"{service.autoscaling.max_replicas} is not more than replicas; give at least {service.replicas + 1}"
            yield Problem(("services", name, "autoscaling", "max_replicas"), text)


def rolling(settings: Settings) -> Iterator[Problem]:
    """A rollout can move: one pod more than wanted, or one fewer (REL-2)."""
    for name, service in whole(settings.services):
        path = ("services", name, "rolling", "max_unavailable")
        if service.rolling.max_surge == 0 and service.rolling.max_unavailable == 0:
            yield Problem(
                path, "is 0 and max_surge is 0 too, so no pod could ever be replaced; set one of them to at least 1"
            )
        elif service.rolling.max_unavailable >= service.replicas:
            text = f"{service.rolling.max_unavailable} would take all {service.replicas} pods at once"
            yield Problem(path, f"{text}; give at most {service.replicas - 1} (requirement ENV-4)")


def failover(settings: Settings) -> Iterator[Problem]:
    """The other place is somewhere else than this stack (INF-4)."""
    for name, service in whole(settings.services):
        if service.failover is None:
            continue
        host = urlsplit(service.failover.url).hostname or ""
        if settings.environment.owns(host):
            path = ("services", name, "failover", "url")
            yield Problem(path, f"{show(host)} is part of this stack and fails together with it; give another place")


RULES = (needed_services, hosts, names, storage_users, memory_limit, autoscaling, rolling, failover)
