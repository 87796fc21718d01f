"""Rules on the stack's own database (INF-4, SEC-3)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

from settings.database import KEY_YEARS
from settings.functions import ROUTER, mistakes, sources
from settings.report import Path, Problem, listed, show, suggest
from settings.shape import whole
from settings.stack import Settings

OTHERS_MIB: Final = 1536
"""What a Docker host's system and the agents on it take."""
_NOT_A_FUNCTIONS: Final = ("DENO_", "FUNCTIONS_", "SUPABASE_", "VERIFY_JWT")
"""What variables begin with that the runtime and the router give."""
_HIDDEN: Final = ("internal", "auth", "storage", "vault", "extensions")


def today() -> date:
    """The day that keys are judged by."""
    return datetime.now(UTC).date()


def host(settings: Settings) -> Iterator[Problem]:
    """It runs on a Docker host of the stack that has the memory, and the exporter beside it asks it there."""
    if settings.database.mode == "existing":
        return
    known = dict(whole(settings.wanted_vms))
    hosts = [name for name, vm in known.items() if vm.role == "docker_host"]
    machine = known.get(settings.database.host)
    path: Path = ("database", "host")
    if machine is None and settings.database.host in settings.wanted_vms:
        # Something else is wrong with it, and is told.
        return
    if machine is None or machine.role != "docker_host":
        right = f"give {listed(hosts, 'or')}" if hosts else "add one"
        yield Problem(path, f"{show(settings.database.host)} is not a machine of role docker_host; {right}")
        return
    wanted = settings.database.memory_mib.together + OTHERS_MIB
    if wanted > machine.memory_mib:
        text = f"the containers and the host's own need {wanted} MiB, and {settings.database.host} has "
        right = f"{machine.memory_mib}; give compute.vms.{settings.database.host}.memory_mib more, or less here"
        yield Problem(("database", "memory_mib"), f"{text}{right}")
    address = settings.observability.database.rpartition(":")[0]
    if address != machine.address:
        yield Problem(
            ("observability", "database"),
            f"{show(address)} is not the host of the database; give {machine.address}:5432, as database.host says",
        )


def replica(settings: Settings) -> Iterator[Problem]:
    """In prod a machine on another Proxmox node follows it, and has the memory to take its place."""
    database, first, second = settings.database, settings.database_host, settings.database_replica
    path: Path = ("database", "replica")
    hosts = settings.compute.by_role("docker_host")
    if first is None:
        return
    others = [name for name, vm in hosts.items() if vm.node != first.node]
    right = f"give {listed(others, 'or')}" if others else "add a Docker host on another one"
    if database.replica is None:
        if settings.environment.name == "prod":
            yield Problem(path, f"is missing: prod has a replica on another Proxmox node (requirement INF-4); {right}")
        return
    if second is None or database.replica not in hosts:
        yield Problem(path, f"{show(database.replica)} is not a machine of role docker_host; {right}")
        return
    if second.node == first.node:
        text = f"{show(database.replica)} is on node {second.node}, which takes the database along; {right}"
        yield Problem(path, f"{text} (requirement INF-4)")
    beside = settings.storage.server.memory_mib if second in settings.storage_hosts.values() else 0
    wanted = database.memory_mib.together + OTHERS_MIB + beside
    if wanted > second.memory_mib:
        text = f"{show(database.replica)} needs {wanted} MiB when it takes the database's place, and has "
        right = f"{second.memory_mib}; give compute.vms.{database.replica}.memory_mib {wanted}"
        yield Problem(path, f"{text}{right}")


def schemas(settings: Settings) -> Iterator[Problem]:
    """What is not for users is not exposed."""
    for index, schema in enumerate(settings.database.schemas):
        if schema in _HIDDEN:
            yield Problem(("database", "schemas", index), f"{schema} is not for users; remove it")


def functions(settings: Settings) -> Iterator[Problem]:
    """What is given to an edge function is its own, and the folder can be deployed as it is."""
    if settings.database.mode == "existing":
        return
    yield from (Problem(("database", "functions"), text) for text in mistakes())
    known = [name for name in sources() if name != ROUTER]
    for name, given in whole(settings.database.functions):
        path: Path = ("database", "functions", name)
        if name not in known:
            what = "the router" if name == ROUTER else "not in the folder functions/"
            yield Problem(path, f"{name} is {what}; {suggest(name, known, 'functions')}")
        for variable in given.environment:
            if variable.startswith(_NOT_A_FUNCTIONS):
                text = f"{variable} is the router's or the runtime's; give a name that does not begin with"
                yield Problem((*path, "environment", variable), f"{text} {listed(_NOT_A_FUNCTIONS, 'or')}")


def connections(settings: Settings) -> Iterator[Problem]:
    """The pooler leaves connections to the others."""
    database = settings.database
    most = database.max_connections // 2
    if database.pooler_connections > most:
        text = f"{database.pooler_connections} is more than half of database.max_connections; give {most} at most"
        yield Problem(("database", "pooler_connections"), text)


def keys(settings: Settings) -> Iterator[Problem]:
    """Keys were made on a day that has come, and are not at their end; the new one stands first."""
    given = settings.database.keys
    days: list[tuple[Path, str]] = [
        (("database", "keys", kind), getattr(given, kind)) for kind in ("passwords", "internal", "certificate")
    ]
    days += [(("database", "keys", "jwt", index), day) for index, day in enumerate(given.jwt)]
    now = today()
    for path, day in days:
        made = date.fromisoformat(day)
        if made > now:
            yield Problem(path, f"{day} has not come; give {now.isoformat()} or a day before it")
        elif made.replace(day=1, year=made.year + KEY_YEARS) <= now:
            yield Problem(path, f"{day} is {KEY_YEARS} years ago, and what was made then ends; give {now.isoformat()}")
    if len(given.jwt) > 1 and given.jwt[0] <= given.jwt[1]:
        text = f"{given.jwt[0]} signs and is not newer than {given.jwt[1]}; give the newer day first"
        yield Problem(("database", "keys", "jwt"), text)


RULES = (host, replica, schemas, functions, connections, keys)
