"""The way back: a snapshot's disks take the place of a Docker host's, whose number, address and firewall stay."""

from collections.abc import Iterator
from typing import Final

from release.errors import Refused, ReleaseError
from release.snapshots.hypervisor import disks
from release.snapshots.making import Making
from release.snapshots.plan import Guest, Snapshot

_SHUTDOWN_SECONDS: Final = 180
"""How long a host may take to shut down, before it is stopped."""
_BOOT_SECONDS: Final = 600


def restore(
    making: Making, host: str, number: int | None, over: str | None, *, beside: bool = False, dry_run: bool = False
) -> None:
    """Put a snapshot in the place of a host, or make a machine of it beside the host.

    What was on the host stays, on the machine that the snapshot's disks came from. Gone through again after it was cut
    short, it goes on; with a machine that somebody looks into beside the host it never does.

    Args:
        making: The stack.
        host: Name of the host.
        number: Number of the snapshot; None to be told which there are.
        over: The host once more, where it runs and shall be stopped.
        beside: Whether the host is left alone.
        dry_run: Whether it is told only.

    Raises:
        Refused: When it would not be right; nothing was changed.
        ReleaseError: When Proxmox refuses or takes too long.
    """
    guests = making.guests()
    snapshot, guest = _chosen(making, host, number, guests)
    template, name = guests[snapshot.id], f"{making.stack}-{host}-{'beside' if beside else 'from'}-{snapshot.id}"
    ids = making.wanted.ids
    machine = next((each for each in guests.values() if each.name == name and each.id in ids), None)
    problems = [] if machine is not None else list(making.without_room([template]))
    if not beside:
        problems += _objections(making, host, guest, template, over)
    if not making.api.quorate():
        problems.append("the Proxmox cluster has no quorum, so nothing in it can be changed")
    copy = str(machine.id) if machine is not None else "a machine with a free number"
    for line in _plan(host, snapshot, copy, beside=beside):
        making.say(line)
    if problems:
        raise Refused(f"nothing was changed: {'; '.join(problems)}")
    if dry_run:
        return
    machine = _copied(making, template, name, machine)
    if beside or guest is None:
        making.say(f"{machine.id} is there, without a network; start it and log in at its console")
        return
    _exchange(making, guest, machine, template)
    making.api.act(guest, "status/start", 5)
    making.say(f"{host} starts; what was on it stays on {machine.id}")
    making.api.until(
        lambda: making.api.agent_answers(guest),
        _BOOT_SECONDS,
        f"look at its console: the agent of {host} does not answer",
    )
    making.say(f"{host} is as it was at {snapshot.made:%Y-%m-%d %H:%M} UTC; next: `pulumi up --refresh`")


def _chosen(making: Making, host: str, number: int | None, guests: dict[int, Guest]) -> tuple[Snapshot, Guest | None]:
    hosts = making.settings.compute.by_role("docker_host")
    if host not in hosts:
        raise Refused(f"{host} is not a Docker host of stack {making.stack}; hosts: {', '.join(hosts)}")
    there = sorted((each for each in making.snapshots(guests) if each.host == host), key=lambda each: each.made)
    for each in there:
        if each.id == number:
            return each, guests.get(hosts[host].id)
    listed = ", ".join(map(str, there)) or "none"
    raise Refused(f"give the number of one of the snapshots of {host} with --snapshot; there are: {listed}")


def _objections(making: Making, host: str, guest: Guest | None, template: Guest, over: str | None) -> Iterator[str]:
    if over is not None and over != host:
        yield f"--over names {over}, not {host}"
    if guest is None:
        yield f"{host} is no VM of the cluster; make it first (`pulumi up`), or give --beside"
        return
    if guest.lock:
        yield f"{host} is locked ({guest.lock})"
    if guest.node != template.node:
        yield f"{host} is on {guest.node} and the snapshot on {template.node}; migrate the host there first"
    if guest.running and over is None:
        yield f"{host} is running; to stop it and put the snapshot in its place, give --over {host}"
    if more := disks(making.api.config(guest)).keys() - disks(making.api.config(template)).keys():
        yield f"{host} has disks that the snapshot does not have: {', '.join(sorted(more))}"


def _plan(host: str, snapshot: Snapshot, copy: str, *, beside: bool) -> Iterator[str]:
    yield f"snapshot {snapshot} is copied to {copy}, whose network is unplugged"
    if not beside:
        yield f"{host} is shut down; its disks go to that machine, and the copied ones take their place"
        yield f"{host} starts with its number, address and firewall as they are"
        yield "all on it is of that time then, also data, such as a database's: for data alone, use its own restore"


def _copied(making: Making, template: Guest, name: str, machine: Guest | None) -> Guest:
    if machine is None:
        number = making.free()
        compute = making.settings.compute
        task = making.api.clone(template, number, name, compute.pool, compute.storage.disks)
    else:
        number = machine.id
        task = next((task for made, task in making.api.clones(template) if made == number), None)
    making.say(f"copies the snapshot to {number}; Proxmox may take up to {making.wanted.minutes} minutes")
    making.api.wait(template.node, task, making.wanted.minutes)
    found = making.api.guest(number, template.node)
    if found.lock:
        raise ReleaseError(
            f"{number} is locked ({found.lock}) and nobody works on it; only root of {found.node} can remove it: "
            f"`qm unlock {number} && qm destroy {number}`; then run this again"
        )
    return found


def _exchange(making: Making, guest: Guest, machine: Guest, template: Guest) -> None:
    """A place is empty between two moves only; a run that was cut short there makes the second one."""
    api = making.api
    if guest.running:
        making.say(f"shuts {guest.name} down")
        api.act(guest, "status/shutdown", 5, timeout=str(_SHUTDOWN_SECONDS), forceStop="1")
        # Where Proxmox starts hosts elsewhere, its task only asks for it.
        api.until(lambda: not api.guest(guest.id, guest.node).running, 300, f"{guest.name} does not stop")
    for place in sorted(disks(api.config(template))):
        if place not in api.config(machine):
            continue
        if place in api.config(guest):
            taken = api.config(machine)
            unused = next(f"unused{count}" for count in range(256) if f"unused{count}" not in taken)
            _move(making, guest, place, machine, unused)
        _move(making, machine, place, guest, place)
    boot = api.config(template).get("boot")
    if boot is not None:
        # A disk that leaves takes itself out of the order of the host's.
        api.change(guest, {"boot": str(boot)})
    moment = f"{making.now():%Y%m%dt%H%M%Sz}"
    api.change(machine, {"name": f"{guest.name}-before-{moment}", "tags": f"luxima;{making.stack}"})


def _move(making: Making, source: Guest, place: str, target: Guest, to: str) -> None:
    wanted = {"disk": place, "target-vmid": str(target.id), "target-disk": to}
    making.api.act(source, "move_disk", making.wanted.minutes, **wanted)
