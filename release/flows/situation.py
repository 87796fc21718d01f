"""Where a service stands: the release file, the engine and the name servers side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from components.dns import DnsError
from release.changes import other
from release.desk import Desk
from release.faults import Refused, ReleaseError
from settings.releases import ServiceRelease
from settings.values import Slot

Kind = Literal["settled", "switch_begun", "taken_back", "undoing", "behind", "foreign", "unknown"]


@dataclass(frozen=True)
class Situation:
    """What is the case, and what to do next."""

    kind: Kind
    answers: Mapping[str, tuple[str, ...]]
    """Addresses by name server; empty when they could not be asked."""
    sentence: str
    """For the operator."""


def look(desk: Desk, service: str, release: ServiceRelease) -> Situation:
    """Compare the three."""
    fqdn = desk.public(service)
    try:
        answers = desk.names.standing(fqdn)
    except DnsError as error:
        return Situation("unknown", {}, f"the name servers cannot be asked: {error}")
    made = desk.machine.records().get(fqdn)
    primary = next(iter(answers.values()), ())
    wanted = (desk.address(release.live),)
    return judge(
        release,
        service,
        slot=_slot(desk, primary),
        made=_slot(desk, made),
        late=[server for server, found in answers.items() if found != primary],
        answers=answers,
        settled=primary == wanted and made == wanted,
    )


def judge(
    release: ServiceRelease,
    service: str,
    *,
    slot: Slot | None,
    made: Slot | None,
    late: list[str],
    answers: Mapping[str, tuple[str, ...]],
    settled: bool,
) -> Situation:
    """Tell the cases apart.

    A switch writes the file, then has the engine change the record: so a record that the engine made for the live slot,
    and that leads elsewhere now, was changed by somebody else. A rollback changes the record first.

    Args:
        release: What the release file says.
        service: Name of the service.
        slot: Slot that the primary leads to; None for no gateway's address.
        made: The same as the engine wrote it last.
        late: Name servers that answer otherwise than the primary.
        answers: Addresses by name server.
        settled: Whether all are as the release file says.
    """
    live = release.live
    if slot is None:
        found = ", ".join(next(iter(answers.values()), ())) or "no address"
        return Situation("foreign", answers, f"{service} leads to {found}, which is no gateway; look who changed it")
    if settled and late:
        return Situation("behind", answers, f"{', '.join(late)} still answers another address than the primary")
    if settled:
        return Situation("settled", answers, "")
    back = _comes_from_rollback(release)
    if slot != live and made == live:
        text = f"{service} was taken back to slot {slot}; write it down with `release rollback {service}`"
        return Situation("taken_back", answers, text)
    if back:
        text = f"a rollback to slot {live} was interrupted; finish it with `release rollback {service}`"
        return Situation("undoing", answers, text)
    text = (
        f"a switch to slot {live} was interrupted; finish it with `release switch {service}` or take it back with "
        f"`release rollback {service}`"
    )
    return Situation("switch_begun", answers, text)


def _comes_from_rollback(release: ServiceRelease) -> bool:
    """Whether the last change of the live slot was a rollback: what stands idle was rejected."""
    idle = release.slots[other(release.live)]
    return release.probation is None and idle is not None and idle.image in release.rejected


def _slot(desk: Desk, addresses: tuple[str, ...] | None) -> Slot | None:
    slots: tuple[Slot, Slot] = ("blue", "green")
    return next((slot for slot in slots if addresses == (desk.address(slot),)), None)


def standing(desk: Desk, service: str) -> tuple[ServiceRelease, Situation]:
    """A service that was released, and where it stands.

    Raises:
        Refused: When it is no service, or was not released yet.
        ReleaseError: When the name servers cannot be asked.
    """
    desk.known(service)
    release = desk.releases.services.get(service)
    if release is None:
        raise Refused(f"{service} was not released yet; begin with `release deploy {service} --image …`")
    situation = look(desk, service, release)
    if situation.kind == "unknown":
        raise ReleaseError(situation.sentence)
    return release, situation
