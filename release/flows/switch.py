"""`switch`: lead users to the idle slot, on probation."""

from functools import partial

from components.dns_update import LedElsewhereError
from release import changes, contents, resources
from release.context import Context
from release.errors import Refused, RolledBack
from release.flows import situation
from release.flows.deploy import recorded
from release.pulumi_engine.targets import short
from settings.values import Slot


def switch(context: Context, service: str) -> None:
    """Write the probation down, change the public record and nothing else, and see every name server answer it.

    The record is changed as soon as the engine's preview has refused nothing; the engine's update then finds it so.
    """
    release, found = situation.standing(context, service)
    if found.kind in ("taken_back", "undoing", "foreign"):
        raise Refused(found.sentence)
    begun = found.kind == "switch_begun" or (found.kind == "behind" and release.probation is not None)
    if begun:
        new = context.releases
        if situation.never_made(context, service, release.live):
            new = changes.renew(new, service, context.clock(), context.settings.guard.probation_minutes)
        context.say("a switch was started but not finished; continuing it")
    else:
        new = changes.switch(context.releases, service, context.clock(), context.settings.guard.probation_minutes)
    slot = new.services[service].live
    image = contents.live_image(new.services[service])
    with recorded(context, f"switch {service}", service, slot, image):
        _ready(context, service, slot)
        # The probation is in the file before the record changes: whoever looks knows who is watched until when.
        targets = [resources.public_record(service), resources.guard(context.settings, service), resources.ledger()]
        context.advance(
            new, targets, f"users of {service} to slot {slot}", first=partial(_lead, context, service, slot)
        )
        if context.dry_run:
            return
        _followed(context, service, slot)
        context.notifier.deployed(service, slot, image)
    context.history.commit(f"switch {service} to {slot} {short(image)}")
    probation = new.services[service].probation
    until = probation.until if probation is not None else ""
    context.say(
        f"users of {service} reach slot {slot} ({short(image)}), on probation until {until}; watch it: "
        f"`release guard {service}`"
    )


def _lead(context: Context, service: str, slot: Slot) -> None:
    """Change the record, if it leads to the other slot still."""
    context.step(f"sending users of {service} to slot {slot}")
    context.names.swap(
        context.public(service), context.address(service, contents.other(slot)), context.address(service, slot)
    )
    context.say(f"users of {service} reach slot {slot} now; updating the stack")


def _followed(context: Context, service: str, slot: Slot) -> None:
    """Wait for the name servers; the guard in the cluster may be done with a bad release before they are."""
    context.look("waiting for the name servers")
    try:
        context.names.wait(context.public(service), context.address(service, slot))
    except LedElsewhereError:
        _, found = situation.standing(context, service, primary_only=True)
        if found.kind == "taken_back":
            raise RolledBack(f"while the name servers followed, {found.sentence}") from None
        raise


def _ready(context: Context, service: str, slot: Slot) -> None:
    """See that what users are to be led to is well at this moment, behind a gateway that knows of it."""
    context.loaded([slot])
    if not context.dry_run:
        context.look(f"asking slot {slot} once more")
        context.gateways.smoke(context.settings, service, slot, 1)
