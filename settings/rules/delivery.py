"""Rules on the image registry (INF-6)."""

from collections.abc import Iterator

from settings.report import Problem, listed, show
from settings.shape import whole
from settings.stack import Settings


def registry_host(settings: Settings) -> Iterator[Problem]:
    """The registry is on a Docker host of the stack."""
    given, known = settings.delivery.registry.host, dict(whole(settings.compute.vms))
    hosts = [name for name, vm in known.items() if vm.role == "docker_host"]
    # One of which something is wrong may be it.
    if given not in hosts and len(known) == len(settings.compute.vms):
        right = f"give {listed(hosts, 'or')}" if hosts else "add one of that name"
        yield Problem(("delivery", "registry", "host"), f"{show(given)} is not a machine of role docker_host; {right}")


RULES = (registry_host,)
