"""`switch`: lead users to the idle slot, on probation."""

from functools import partial

from release import changes, resources
from release.desk import Desk
from release.engine.targets import short
from release.faults import Refused
from release.flows import situation
from release.flows.deploy import recorded
from settings.values import Slot


def switch(desk: Desk, service: str) -> None:
    """Write the probation down, change the public record and nothing else, and see every name server answer it.

    The record is changed as soon as the engine's preview has refused nothing; the engine's update then finds it so.
    """
    release, found = situation.standing(desk, service)
    if found.kind in ("taken_back", "undoing", "foreign"):
        raise Refused(found.sentence)
    begun = found.kind == "switch_begun" or (found.kind == "behind" and release.probation is not None)
    if begun:
        new = desk.releases
        if situation.never_made(desk, service, release.live):
            new = changes.renew(new, service, desk.clock(), desk.settings.guard.probation_minutes)
        desk.say("a switch was begun and not ended: going on with it")
    else:
        new = changes.switch(desk.releases, service, desk.clock(), desk.settings.guard.probation_minutes)
    slot = new.services[service].live
    image = changes.live_image(new.services[service])
    with recorded(desk, f"switch {service}", service, slot, image):
        _ready(desk, service, slot)
        # The probation is in the file before the record changes: whoever looks knows who is watched until when.
        targets = [resources.public_record(service), resources.guard(desk.settings, service), resources.ledger()]
        desk.advance(new, targets, f"users of {service} to slot {slot}", first=partial(_lead, desk, service, slot))
        if desk.dry_run:
            return
        desk.look("waiting for the name servers")
        desk.names.wait(desk.public(service), desk.address(service, slot))
        desk.witness.deployed(service, slot, image)
    desk.keeper.keep(f"switch {service} to {slot} {short(image)}")
    probation = new.services[service].probation
    until = probation.until if probation is not None else ""
    desk.say(
        f"users of {service} are led to slot {slot} ({short(image)}), on probation until {until}; watch it: "
        f"`release guard {service}`"
    )


def _lead(desk: Desk, service: str, slot: Slot) -> None:
    """Change the record, if it leads to the other slot still."""
    desk.step(f"leading users of {service} to slot {slot}")
    desk.names.swap(desk.public(service), desk.address(service, changes.other(slot)), desk.address(service, slot))
    desk.say(f"users of {service} are led to slot {slot}; the engine follows")


def _ready(desk: Desk, service: str, slot: Slot) -> None:
    """See that what users are to be led to is well at this moment, behind a gateway that knows of it."""
    desk.loaded([slot])
    if not desk.dry_run:
        desk.look(f"asking slot {slot} once more")
        desk.gateways.smoke(desk.settings, service, slot, 1)
