"""`rollback`: users first, then everything else. Whoever comes second does nothing, and says so."""

from components.dns_update import DnsError
from release import changes, contents, resources
from release.context import Context
from release.errors import Interrupted, Refused, ReleaseError
from release.flows import situation
from release.flows.deploy import recorded
from release.pulumi_engine.targets import short
from settings.values import Slot

_BOTH: tuple[Slot, Slot] = ("blue", "green")


def rollback(
    context: Context, service: str, image: str | None = None, reason: str = "an operator asked for it"
) -> None:
    """Take the live image of a service back.

    Args:
        context: The stack.
        service: The service.
        image: The image to go back to; the one before when None.
        reason: For people.
    """
    # Roll back even if a secondary does not respond.
    release, found = situation.standing(context, service, primary_only=True)
    if found.kind == "foreign":
        raise Refused(found.sentence)
    if found.kind == "undoing":
        context.say("a rollback was started but not finished; continuing it")
        _finish(context, service, release.live, contents.other(release.live), reason, first=False)
        return
    if found.kind == "switch_begun" and situation.never_made(context, service, release.live):
        _cancel(context, service)
        return
    if context.settings.services[service].strategy == "blue_green" or release.probation is not None:
        _slots(context, service, found.kind, image, reason)
    else:
        _image(context, service, image, reason)


def _cancel(context: Context, service: str) -> None:
    new = changes.cancel(context.releases, service)
    live = new.services[service].live
    targets = [resources.public_record(service), resources.guard(context.settings, service), resources.ledger()]
    context.advance(new, targets, f"{service} stays in slot {live}")
    if not context.dry_run:
        context.history.commit(f"{service} stays in {live}: the switch did not happen")
        context.say(f"the switch of {service} was not made yet and is taken back; users are in slot {live} as before")


def _slots(context: Context, service: str, kind: situation.Kind, image: str | None, reason: str) -> None:
    """By the record: old and new are compared by the name server itself."""
    release = context.releases.services[service]
    if kind == "settled" and release.probation is None and _was_rolled_back(release, service):
        context.say(f"{service} was rolled back to slot {release.live} already; nothing to do")
        return
    bad, previous = release.live, changes.way_back(release, service)
    _users_saw(context, service, previous, image)
    if context.dry_run:
        old, new = context.address(service, bad), context.address(service, previous)
        context.say(f"would lead {context.public(service)} from {old} to {new} first")
        first = kind != "taken_back"
    else:
        context.step(f"sending users of {service} back to slot {previous}")
        first = context.names.swap(
            context.public(service), context.address(service, bad), context.address(service, previous)
        )
        told = f"users of {service} reach slot {previous} again"
        context.say(told if first else f"{told}: somebody else already did it; recording it")
    _finish(context, service, previous, bad, reason, first=first)


def _users_saw(context: Context, service: str, previous: Slot, image: str | None) -> None:
    """A rollback leads back: an image that users never saw would be a release without a probation.

    Raises:
        Refused: When it is such an image and was not named, or another one was.
    """
    release = context.releases.services[service]
    content = release.slots[previous]
    back = content.image if content is not None else ""
    if image is not None and image != back:
        raise Refused(f"slot {previous} of {service} holds {back}, not {image}; nothing was changed")
    if release.probation is not None or image is not None:
        return
    if all(contents.live_image(each) != back for each in context.history.earlier(service)):
        raise Refused(
            f"slot {previous} of {service} holds {short(back)}. The history of the release file says that users never "
            f"had it, so this would be a release without a probation; to do it anyway, give --image {back}"
        )


def _was_rolled_back(release: situation.ServiceRelease, service: str) -> bool:
    try:
        changes.way_back(release, service)
    except Refused:
        idle = release.slots[contents.other(release.live)]
        return idle is not None and idle.image in release.rejected
    return False


def _finish(context: Context, service: str, previous: Slot, bad: Slot, reason: str, *, first: bool) -> None:
    """Write it down, have the engine know it, and send the old gateway's stale clients to the good slot as well."""
    release = context.releases.services[service]
    new = context.releases if release.live == previous else changes.rollback(context.releases, service)
    content = release.slots[bad]
    image = content.image if content is not None else ""
    context.write(new, f"the rollback of {service}")
    targets = [
        resources.public_record(service),
        resources.guard(context.settings, service),
        *resources.routing(_BOTH),
        resources.ledger(),
    ]
    try:
        context.advance(new, targets, f"now updating the stack for slot {previous}", go_on=True)
    except ReleaseError as error:
        raise type(error)(
            f"users reach slot {previous} again, and the release file says so, but the other changes failed: "
            f"{error}; run `release rollback {service}` again"
        ) from error
    if context.dry_run:
        return
    context.look("waiting for the name servers")
    try:
        context.names.wait(context.public(service), context.address(service, previous))
    except DnsError as error:
        # The primary has it: a secondary that is behind undoes no rollback.
        context.say(str(error))
    context.notifier.record(f"rollback {service}", service, bad, image, "rolled_back", previous=previous, reason=reason)
    if first:
        context.notifier.rolled_back(service, bad, previous, reason)
    context.history.commit(f"rollback {service} to {previous}, {short(image)} is rejected")
    _stale_clients(context, bad)
    context.say(f"{service} is back in slot {previous}; {short(image)} cannot become live again")


def _stale_clients(context: Context, bad: Slot) -> None:
    """See that the bad slot's gateway sends them to the good one; a gateway that is ill does not undo a rollback."""
    try:
        context.loaded([bad])
    except Interrupted:
        raise
    except ReleaseError as error:
        context.say(f"clients that never ask for the name again may still reach slot {bad}: {error}")


def _image(context: Context, service: str, image: str | None, reason: str) -> None:
    """Strategies with one slot: the pods get the earlier image, one after the other."""
    release = context.releases.services[service]
    bad = contents.live_image(release)
    canary = release.canary
    if image is None and canary is not None and canary.percent and canary.image != bad:
        raise Refused(
            f"{service} has a canary at {canary.percent} %, and this would roll back the live image {short(bad)}; end "
            f"the canary with `release canary {service} --percent 0`, or name the image to go back to with --image"
        )
    targets = [
        *resources.slot_of(context.settings, service, release.live, live=True),
        *resources.routing(_BOTH),
        resources.ledger(),
    ]
    before = _before(context, service, bad)
    if image is None and before in release.rejected:
        done = context.advance(context.releases, targets, f"the rollback to {short(bad)} continues")
        if not context.dry_run:
            context.history.commit(f"rollback {service} to {short(bad)}, {short(before)} is rejected")
        told = (
            "was started before and is finished now"
            if done
            else "was already done; to go further back, name an image with --image"
        )
        context.say(f"the rollback of {service} from {short(before)} to {short(bad)} {told}")
        return
    if not (image or before):
        raise Refused(f"the history of the release file has no earlier image of {service}; name one with --image")
    new = changes.revert(context.releases, service, image or before)
    if not context.dry_run:
        # A rollout that failed was not committed: without it in the history a second rollback would go one too far.
        context.history.commit(f"{service} has {short(bad)} in {release.live}, which is rolled back")
    good = contents.live_image(new.services[service])
    with recorded(context, f"rollback {service}", service, release.live, good):
        context.advance(new, targets, f"{short(good)} in the live slot {release.live}")
    if not context.dry_run:
        context.notifier.record(f"rollback {service}", service, release.live, bad, "rolled_back", reason=reason)
        context.notifier.rolled_back(service, release.live, f"{release.live} with {short(good)}", reason)
        context.history.commit(f"rollback {service} to {short(good)}, {short(bad)} is rejected")
        context.say(f"{service} runs {short(good)} again; {short(bad)} cannot become live again")


def _before(context: Context, service: str, now: str) -> str:
    """The image before, by the history of the release file; empty when there is none.

    When it was rejected, it was a rollback that brought the one that runs now.
    """
    images = (contents.live_image(release) for release in context.history.earlier(service))
    return next((image for image in images if image != now), "")
