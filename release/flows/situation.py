"""Where a service stands: the release file, the engine and the name servers side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from components.dns_update import DnsError
from release.contents import other
from release.context import Context
from release.errors import Refused, ReleaseError
from settings.releases import ServiceRelease
from settings.values import Slot

Kind = Literal["settled", "switch_begun", "taken_back", "undoing", "behind", "foreign", "unknown", "outdated"]


@dataclass(frozen=True)
class Situation:
    """What is the case, and what to do next."""

    kind: Kind
    answers: Mapping[str, tuple[str, ...]]
    """Addresses by name server; empty when they could not be asked."""
    sentence: str
    """For the operator."""


def look(context: Context, service: str, release: ServiceRelease, *, primary_only: bool = False) -> Situation:
    """Compare the three.

    Args:
        context: The stack.
        service: The service.
        release: What the release file says of it.
        primary_only: Whether a secondary that is silent or behind does not matter.
    """
    fqdn = context.public(service)
    try:
        answers = context.names.standing(fqdn, primary_only=primary_only)
    except DnsError as error:
        return Situation("unknown", {}, f"the name servers cannot be queried: {error}")
    seen, here = context.engine.revision(), context.releases.revision
    if seen is not None and seen > here:
        # The file is written before the engine runs, so this one lacks somebody's release or rollback.
        text = (
            f"releases/{context.stack}.yaml has revision {here} here, and the stack has seen {seen}: get the newest "
            "one (git pull; whoever released may have to push it first)"
        )
        return Situation("outdated", answers, text)
    made = context.engine.records().get(fqdn)
    primary = next(iter(answers.values()), ())
    wanted = (context.address(service, release.live),)
    return judge(
        release,
        service,
        slot=_slot(context, service, primary),
        made=_slot(context, service, made),
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
        return Situation(
            "foreign", answers, f"{service} leads to {found}, which is not a gateway; find out who changed it"
        )
    if settled and late:
        return Situation("behind", answers, f"{', '.join(late)} still answers with another address than the primary")
    if settled:
        return Situation("settled", answers, "")
    back = _comes_from_rollback(release)
    if slot != live and made == live:
        text = f"{service} was rolled back to slot {slot}; record it with `release rollback {service}`"
        return Situation("taken_back", answers, text)
    if back:
        text = f"a rollback to slot {live} was interrupted; finish it with `release rollback {service}`"
        return Situation("undoing", answers, text)
    text = (
        f"a switch to slot {live} was interrupted; finish it with `release switch {service}` or cancel it with "
        f"`release rollback {service}`"
    )
    return Situation("switch_begun", answers, text)


def _comes_from_rollback(release: ServiceRelease) -> bool:
    """Whether the last change of the live slot was a rollback: what stands idle was rejected."""
    idle = release.slots[other(release.live)]
    return release.probation is None and idle is not None and idle.image in release.rejected


def _slot(context: Context, service: str, addresses: tuple[str, ...] | None) -> Slot | None:
    slots: tuple[Slot, Slot] = ("blue", "green")
    return next((slot for slot in slots if addresses == (context.address(service, slot),)), None)


def never_made(context: Context, service: str, live: Slot) -> bool:
    """Whether users were never led to the slot: neither the engine nor the primary ever heard of it."""
    fqdn, address = context.public(service), (context.address(service, live),)
    primary = next(iter(context.names.standing(fqdn, primary_only=True).values()))
    return address not in (primary, context.engine.records().get(fqdn))


def undisturbed(context: Context, service: str) -> None:
    """See that users are where the release file says.

    Raises:
        Refused: When they are not, with what to do first.
        ReleaseError: When the name servers cannot be asked.
    """
    _, found = standing(context, service)
    if found.kind not in ("settled", "behind"):
        raise Refused(found.sentence)


def standing(context: Context, service: str, *, primary_only: bool = False) -> tuple[ServiceRelease, Situation]:
    """A service that was released, and where it stands.

    Raises:
        Refused: When it is no service, was not released yet, or the release file is older than what the stack has seen.
        ReleaseError: When the name servers cannot be asked.
    """
    context.known(service)
    release = context.releases.services.get(service)
    if release is None:
        raise Refused(f"{service} has no release yet; start with `release deploy {service} --image …`")
    situation = look(context, service, release, primary_only=primary_only)
    if situation.kind == "outdated":
        raise Refused(f"{situation.sentence}; nothing was changed")
    if situation.kind == "unknown":
        raise ReleaseError(situation.sentence)
    return release, situation
