"""What a release does to the release file: from one content to the next, or a refusal that says why.

Every function is pure. `revision` grows by one with each change; content that stays as it is keeps its revision.
"""

import datetime
from collections.abc import Mapping

from release.contents import (
    Kind,
    accept,
    as_candidate,
    as_verified,
    candidate_of,
    content_of,
    in_slot,
    live_image,
    moment,
    of_kind,
    other,
    refuse_live,
    refuse_on_probation,
    reject,
    released,
    with_release,
)
from release.errors import Refused
from settings.releases import Candidate, Probation, Releases, ServiceRelease, SlotRelease
from settings.values import Slot


def first(releases: Releases, service: str, image: str) -> Releases:
    """The first release of a service: nobody was served before, so its slot is live at once."""
    slots: Mapping[Slot, SlotRelease | None] = {"blue": as_verified(image), "green": None}
    return with_release(releases, service, ServiceRelease(live="blue", slots=slots))


def close(releases: Releases, service: str) -> Releases:
    """Take the public names from the idle slot, before it gets another image.

    Clients that still know its gateway's address are then sent to the live slot.
    """
    release = released(releases, service)
    idle = other(release.live)
    content = release.slots[idle]
    if content is None or not release.serves(idle):
        return releases
    refuse_on_probation(service, release)
    return with_release(releases, service, in_slot(release, idle, as_candidate(content.image)))


def deploy_idle(releases: Releases, service: str, image: str, *, force: bool = False) -> Releases:
    """Strategy `blue_green`: the idle slot gets the image, and has to be verified before it may be live."""
    release = released(releases, service)
    refuse_on_probation(service, release)
    refuse_live(service, release, image)
    content = release.slots[other(release.live)]
    if content is not None and content.image == image and image not in release.rejected:
        return releases  # it was deployed before: whoever was interrupted goes on
    release = accept(service, release, image, force=force)
    return with_release(releases, service, in_slot(release, other(release.live), as_candidate(image)))


def deploy_live(releases: Releases, service: str, image: str, *, force: bool = False) -> Releases:
    """Strategy `rolling`: the live slot gets the image; its pods are replaced as they become ready."""
    release = released(releases, service)
    refuse_on_probation(service, release)
    refuse_live(service, release, image)
    release = accept(service, release, image, force=force)
    return with_release(releases, service, in_slot(release, release.live, as_verified(image)))


def deploy_candidate(releases: Releases, service: str, kind: Kind, image: str, *, force: bool = False) -> Releases:
    """Strategies `canary` and `shadow`: the candidate beside the live slot, at 0 % so far."""
    release = released(releases, service)
    refuse_live(service, release, image)
    present = of_kind(release, kind)
    if present is not None and present.image == image and image not in release.rejected:
        return releases
    if present is not None and present.percent:
        raise Refused(
            f"{service} has a {kind} at {present.percent} % already; set it to 0 first: "
            f"`release {kind} {service} --percent 0`"
        )
    release = accept(service, release, image, force=force)
    return with_release(releases, service, release.model_copy(update={kind: Candidate(image=image, percent=0)}))


def verify(releases: Releases, service: str) -> Releases:
    """The idle slot passed its smoke test: users may see it."""
    release = released(releases, service)
    idle = other(release.live)
    content = content_of(service, release, idle)
    if content.image in release.rejected:
        raise Refused(
            f"the image in slot {idle} of {service} was rolled back; deploy another image, or deploy this one "
            "again with --force"
        )
    return with_release(releases, service, in_slot(release, idle, as_verified(content.image)))


def switch(releases: Releases, service: str, now: datetime.datetime, minutes: int) -> Releases:
    """Make the idle slot the live one, on probation.

    Args:
        releases: The content so far.
        service: The service.
        now: The time.
        minutes: How long it is on probation.
    """
    release = released(releases, service)
    idle = other(release.live)
    if release.probation is not None:
        raise Refused(
            f"{service} is live in slot {release.live} already, on probation until {release.probation.until}; "
            f"to go back to {release.probation.previous} run `release rollback {service}`"
        )
    content = content_of(service, release, idle)
    if content.image in release.rejected:
        raise Refused(f"the image in slot {idle} of {service} was rolled back; it cannot become live again")
    if content.standing != "verified":
        raise Refused(f"slot {idle} of {service} was not verified; run `release verify {service}` first")
    if content.image == live_image(release):
        raise Refused(f"slot {idle} of {service} runs the same image as the live slot {release.live}")
    until = now + datetime.timedelta(minutes=minutes)
    probation = Probation(since=moment(now), until=moment(until), previous=release.live)
    return with_release(releases, service, release.model_copy(update={"live": idle, "probation": probation}))


def renew(releases: Releases, service: str, now: datetime.datetime, minutes: int) -> Releases:
    """A switch that was written down and never made: its probation begins when it is made."""
    release = released(releases, service)
    if release.probation is None:
        return releases
    until = now + datetime.timedelta(minutes=minutes)
    fresh = Probation(since=moment(now), until=moment(until), previous=release.probation.previous)
    return with_release(releases, service, release.model_copy(update={"probation": fresh}))


def rollback(releases: Releases, service: str) -> Releases:
    """Back to the slot before; the image that was live cannot become live again."""
    release = released(releases, service)
    previous = way_back(release, service)
    bad = live_image(release)
    changed = reject(release, bad)
    return with_release(releases, service, changed.model_copy(update={"live": previous, "probation": None}))


def cancel(releases: Releases, service: str) -> Releases:
    """Take a switch back that was written down and never made: no user saw the image, so it is not rejected."""
    release = released(releases, service)
    if release.probation is None:
        raise Refused(f"{service} has no switch in progress")
    back = {"live": release.probation.previous, "probation": None}
    return with_release(releases, service, release.model_copy(update=back))


def way_back(release: ServiceRelease, service: str) -> Slot:
    """The slot that a rollback leads to.

    Raises:
        Refused: When what is there may not be seen by users.
    """
    previous = other(release.live) if release.probation is None else release.probation.previous
    content = release.slots[previous]
    if content is None:
        raise Refused(f"{service} cannot be rolled back: slot {previous} is empty")
    if not release.serves(previous):
        state = "was itself rolled back" if content.image in release.rejected else "was not verified"
        raise Refused(f"{service} cannot be rolled back: what is in slot {previous} {state}")
    if content.image == live_image(release):
        raise Refused(f"{service} cannot be rolled back: slot {previous} runs the same image as {release.live}")
    return previous


def revert(releases: Releases, service: str, image: str) -> Releases:
    """A rollback without a second slot: the live slot gets an earlier image, as in a deploy of strategy `rolling`."""
    release = released(releases, service)
    refuse_live(service, release, image)
    if image in release.rejected:
        raise Refused(f"{image} was itself rolled back; name another image with --image")
    changed = reject(release, live_image(release))
    changed = in_slot(changed, release.live, as_verified(image))
    return with_release(releases, service, changed.model_copy(update={"probation": None}))


def weigh(releases: Releases, service: str, kind: Kind, percent: int) -> Releases:
    """Give a canary its share of the users, or a shadow its share of the requests."""
    release = released(releases, service)
    present = candidate_of(service, release, kind)
    if present.image in release.rejected:
        raise Refused(f"the {kind} of {service} runs an image that was rolled back; deploy another one")
    weighed = present.model_copy(update={"percent": percent})
    return with_release(releases, service, release.model_copy(update={kind: weighed}))


def withdraw(releases: Releases, service: str, kind: Kind) -> Releases:
    """Remove a candidate, once it has no share any more."""
    release = released(releases, service)
    if candidate_of(service, release, kind).percent:
        raise Refused(f"the {kind} of {service} still gets a share of the traffic; set it to 0 first")
    return with_release(releases, service, release.model_copy(update={kind: None}))


def promote(releases: Releases, service: str, kind: Kind) -> Releases:
    """The candidate's image becomes the live slot's; the candidate goes on with the same image until it is removed."""
    release = released(releases, service)
    refuse_on_probation(service, release)
    image = candidate_of(service, release, kind).image
    if image in release.rejected:
        raise Refused(f"the {kind} of {service} runs an image that was rolled back; deploy another one")
    return with_release(releases, service, in_slot(release, release.live, as_verified(image)))


def extend(releases: Releases, service: str, until: datetime.datetime) -> Releases:
    """More time for a verdict, once."""
    release = released(releases, service)
    if release.probation is None:
        raise Refused(f"{service} is not on probation")
    if release.probation.extended:
        raise Refused(
            f"the probation of {service} was already extended once; check the release, then run "
            f"`release guard {service} --trust` or `release rollback {service}`"
        )
    later = max(moment(until), release.probation.until)
    extended = release.probation.model_copy(update={"until": later, "extended": True})
    return with_release(releases, service, release.model_copy(update={"probation": extended}))


def trust(releases: Releases, service: str) -> Releases:
    """The probation is over."""
    release = released(releases, service)
    return with_release(releases, service, release.model_copy(update={"probation": None}))
