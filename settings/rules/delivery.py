"""Rules on the image registry and Coolify (INF-3, INF-6, REL-5)."""

from collections.abc import Iterator
from typing import Final

from settings.coolify import HOST
from settings.report import Path, Problem, listed, show, suggest
from settings.rules.database import OTHERS_MIB
from settings.shape import whole
from settings.stack import Settings

RELEASE_MIB: Final = 1536
"""What a release needs in its container, in MiB."""


def registry_host(settings: Settings) -> Iterator[Problem]:
    """The registry is on a Docker host of the stack."""
    given, known = settings.delivery.registry.host, dict(whole(settings.compute.vms))
    hosts = [name for name, vm in known.items() if vm.role == "docker_host"]
    # One of which something is wrong may be it.
    if given not in hosts and len(known) == len(settings.compute.vms):
        right = f"give {listed(hosts, 'or')}" if hosts else "add one of that name"
        yield Problem(("delivery", "registry", "host"), f"{show(given)} is not a machine of role docker_host; {right}")


def coolify_host(settings: Settings) -> Iterator[Problem]:
    """Coolify is on a Docker host that has the memory beside its other containers, and nothing else has its name."""
    coolify, known = settings.delivery.coolify, dict(whole(settings.compute.vms))
    if coolify is None:
        return
    host = known.get(coolify.host)
    path: Path = ("delivery", "coolify")
    if host is None or host.role != "docker_host":
        if host is not None or len(known) == len(settings.compute.vms):
            hosts = [name for name, vm in known.items() if vm.role == "docker_host"]
            right = f"give {listed(hosts, 'or')}" if hosts else "add one of that name"
            yield Problem((*path, "host"), f"{show(coolify.host)} is not a machine of role docker_host; {right}")
        return
    others = OTHERS_MIB
    if settings.database_host is not None and settings.database.host == coolify.host:
        others += settings.database.memory_mib.together
    wanted = others + coolify.memory_mib + sum(each.memory_mib for each in coolify.applications.values())
    if wanted > host.memory_mib:
        text = f"Coolify, its applications and what else runs on {coolify.host} need {wanted} MiB, and it has "
        yield Problem((*path, "memory_mib"), f"{text}{host.memory_mib}; give it more, or another host here")
    taken = {**settings.compute.vms, **settings.compute.containers, **settings.dns.hosts.get("core", {})}
    if HOST in taken:
        yield Problem((*path, "host"), f"something else is called {HOST} under the core domain; give that another name")
    if HOST in settings.services:
        yield Problem(("services", HOST), f"is what the gateways call {HOST}; give another name")


def coolify_applications(settings: Settings) -> Iterator[Problem]:
    """Applications are reached where the name servers say, and no variable is a secret as well."""
    coolify = settings.delivery.coolify
    if coolify is None:
        return
    path: Path = ("delivery", "coolify", "applications")
    core, address = settings.dns.hosts.get("core", {}), settings.coolify_address
    for name, each in coolify.applications.items():
        for host in each.hosts:
            if list(core.get(host, ())) != [address]:
                text = f"no record leads to {show(host)}; give [{address}], where Coolify is, as dns.hosts.core.{host}"
                yield Problem((*path, name, "hosts"), text)
        both = sorted(set(each.variables) & set(each.secrets))
        if both:
            yield Problem((*path, name, "variables"), f"{', '.join(both)} is among secrets as well; remove it from one")


def coolify_releases(settings: Settings) -> Iterator[Problem]:
    """Coolify triggers staging; production waits for a person (REL-5)."""
    coolify = settings.delivery.coolify
    if coolify is None:
        return
    production = settings.environment.name == "prod"
    for name, each in coolify.applications.items():
        path: Path = ("delivery", "coolify", "applications", name)
        if (production or each.environment == "production") and each.auto_deploy:
            text = "a push would reach production without an approval (requirement REL-5); give false"
            yield Problem((*path, "auto_deploy"), text)
        if each.releases is None:
            continue
        if production or each.environment == "production":
            text = "production is released by a person after an approval (requirement REL-5); remove it"
            yield Problem((*path, "releases"), text)
        elif each.memory_mib < RELEASE_MIB:
            text = f"a release needs {RELEASE_MIB} MiB there, for the engine and its plugins; give at least that"
            yield Problem((*path, "memory_mib"), text)
        elif each.releases not in settings.services:
            right = suggest(each.releases, settings.services, "services")
            yield Problem((*path, "releases"), f"{show(each.releases)} is not a service; {right}")


RULES = (registry_host, coolify_host, coolify_applications, coolify_releases)
