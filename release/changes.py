"""What a release does to the release file: from one content to the next, or a refusal that says why.

Every function is pure. `revision` grows by one with each change; content that stays as it is keeps its revision.
"""

import datetime
from collections.abc import Mapping
from typing import Any, Literal

from release.errors import Refused
from settings.releases import Candidate, Probation, Releases, ServiceRelease, SlotRelease
from settings.values import Slot

Kind = Literal["canary", "shadow"]

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def other(slot: Slot) -> Slot:
    """The other slot."""
    return "green" if slot == "blue" else "blue"


def moment(at: datetime.datetime) -> str:
    """A moment as the release file writes it."""
    return at.astimezone(datetime.UTC).strftime(_FORMAT)


def parsed(text: str) -> datetime.datetime:
    """A moment of the release file."""
    return datetime.datetime.strptime(text, _FORMAT).replace(tzinfo=datetime.UTC)


def released(releases: Releases, service: str) -> ServiceRelease:
    """What runs of a service.

    Raises:
        Refused: When nothing of it was released yet.
    """
    release = releases.services.get(service)
    if release is None:
        raise Refused(f"{service} has no release yet; start with `release deploy {service} --image …`")
    return release


def live_image(release: ServiceRelease) -> str:
    """The image that users see."""
    content = release.slots[release.live]
    if content is None:  # the settings' rules do not let it come so far
        raise Refused(f"the live slot {release.live} is empty; put an image into the release file first")
    return content.image


def first(releases: Releases, service: str, image: str) -> Releases:
    """The first release of a service: nobody was served before, so its slot is live at once."""
    slots: Mapping[Slot, SlotRelease | None] = {"blue": SlotRelease(image=image, standing="verified"), "green": None}
    return _with(releases, service, ServiceRelease(live="blue", slots=slots))


def close(releases: Releases, service: str) -> Releases:
    """Take the public names from the idle slot, before it gets another image.

    Clients that still know its gateway's address are then sent to the live slot.
    """
    release = released(releases, service)
    idle = other(release.live)
    content = release.slots[idle]
    if content is None or not release.serves(idle):
        return releases
    _not_on_probation(service, release)
    return _with(releases, service, _in_slot(release, idle, _candidate(content.image)))


def deploy_idle(releases: Releases, service: str, image: str, *, force: bool = False) -> Releases:
    """Strategy `blue_green`: the idle slot gets the image, and has to be verified before it may be live."""
    release = released(releases, service)
    _not_on_probation(service, release)
    _not_live(service, release, image)
    content = release.slots[other(release.live)]
    if content is not None and content.image == image and image not in release.rejected:
        return releases  # it was deployed before: whoever was interrupted goes on
    release = _accepted(service, release, image, force=force)
    return _with(releases, service, _in_slot(release, other(release.live), _candidate(image)))


def deploy_live(releases: Releases, service: str, image: str, *, force: bool = False) -> Releases:
    """Strategy `rolling`: the live slot gets the image; its pods are replaced as they become ready."""
    release = released(releases, service)
    _not_on_probation(service, release)
    _not_live(service, release, image)
    release = _accepted(service, release, image, force=force)
    return _with(releases, service, _in_slot(release, release.live, _verified(image)))


def deploy_candidate(releases: Releases, service: str, kind: Kind, image: str, *, force: bool = False) -> Releases:
    """Strategies `canary` and `shadow`: the candidate beside the live slot, at 0 % so far."""
    release = released(releases, service)
    _not_live(service, release, image)
    present = _of_kind(release, kind)
    if present is not None and present.image == image and image not in release.rejected:
        return releases
    if present is not None and present.percent:
        raise Refused(
            f"{service} has a {kind} at {present.percent} % already; set it to 0 first: "
            f"`release {kind} {service} --percent 0`"
        )
    release = _accepted(service, release, image, force=force)
    return _with(releases, service, release.model_copy(update={kind: Candidate(image=image, percent=0)}))


def verify(releases: Releases, service: str) -> Releases:
    """The idle slot passed its smoke test: users may see it."""
    release = released(releases, service)
    idle = other(release.live)
    content = _filled(service, release, idle)
    if content.image in release.rejected:
        raise Refused(
            f"the image in slot {idle} of {service} was rolled back; deploy another image, or deploy this one "
            "again with --force"
        )
    return _with(releases, service, _in_slot(release, idle, _verified(content.image)))


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
    content = _filled(service, release, idle)
    if content.image in release.rejected:
        raise Refused(f"the image in slot {idle} of {service} was rolled back; it cannot become live again")
    if content.standing != "verified":
        raise Refused(f"slot {idle} of {service} was not verified; run `release verify {service}` first")
    if content.image == live_image(release):
        raise Refused(f"slot {idle} of {service} runs the same image as the live slot {release.live}")
    until = now + datetime.timedelta(minutes=minutes)
    probation = Probation(since=moment(now), until=moment(until), previous=release.live)
    return _with(releases, service, release.model_copy(update={"live": idle, "probation": probation}))


def renew(releases: Releases, service: str, now: datetime.datetime, minutes: int) -> Releases:
    """A switch that was written down and never made: its probation begins when it is made."""
    release = released(releases, service)
    if release.probation is None:
        return releases
    until = now + datetime.timedelta(minutes=minutes)
    fresh = Probation(since=moment(now), until=moment(until), previous=release.probation.previous)
    return _with(releases, service, release.model_copy(update={"probation": fresh}))


def rollback(releases: Releases, service: str) -> Releases:
    """Back to the slot before; the image that was live cannot become live again."""
    release = released(releases, service)
    previous = way_back(release, service)
    bad = live_image(release)
    changed = _without(release, bad)
    return _with(releases, service, changed.model_copy(update={"live": previous, "probation": None}))


def cancel(releases: Releases, service: str) -> Releases:
    """Take a switch back that was written down and never made: no user saw the image, so it is not rejected."""
    release = released(releases, service)
    if release.probation is None:
        raise Refused(f"{service} has no switch in progress")
    back = {"live": release.probation.previous, "probation": None}
    return _with(releases, service, release.model_copy(update=back))


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
    _not_live(service, release, image)
    if image in release.rejected:
        raise Refused(f"{image} was itself rolled back; name another image with --image")
    changed = _without(release, live_image(release))
    changed = _in_slot(changed, release.live, _verified(image))
    return _with(releases, service, changed.model_copy(update={"probation": None}))


def weigh(releases: Releases, service: str, kind: Kind, percent: int) -> Releases:
    """Give a canary its share of the users, or a shadow its share of the requests."""
    release = released(releases, service)
    present = _present(service, release, kind)
    if present.image in release.rejected:
        raise Refused(f"the {kind} of {service} runs an image that was rolled back; deploy another one")
    weighed = present.model_copy(update={"percent": percent})
    return _with(releases, service, release.model_copy(update={kind: weighed}))


def withdraw(releases: Releases, service: str, kind: Kind) -> Releases:
    """Remove a candidate, once it has no share any more."""
    release = released(releases, service)
    if _present(service, release, kind).percent:
        raise Refused(f"the {kind} of {service} still gets a share of the traffic; set it to 0 first")
    return _with(releases, service, release.model_copy(update={kind: None}))


def promote(releases: Releases, service: str, kind: Kind) -> Releases:
    """The candidate's image becomes the live slot's; the candidate goes on with the same image until it is removed."""
    release = released(releases, service)
    _not_on_probation(service, release)
    image = _present(service, release, kind).image
    if image in release.rejected:
        raise Refused(f"the {kind} of {service} runs an image that was rolled back; deploy another one")
    return _with(releases, service, _in_slot(release, release.live, _verified(image)))


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
    return _with(releases, service, release.model_copy(update={"probation": extended}))


def trust(releases: Releases, service: str) -> Releases:
    """The probation is over."""
    release = released(releases, service)
    return _with(releases, service, release.model_copy(update={"probation": None}))


def _candidate(image: str) -> SlotRelease:
    return SlotRelease(image=image, standing="candidate")


def _verified(image: str) -> SlotRelease:
    return SlotRelease(image=image, standing="verified")


def _in_slot(release: ServiceRelease, slot: Slot, content: SlotRelease) -> ServiceRelease:
    return release.model_copy(update={"slots": {**release.slots, slot: content}})


def _without(release: ServiceRelease, bad: str) -> ServiceRelease:
    """The bad image rejected, wherever it is."""
    rejected = release.rejected if bad in release.rejected else (*release.rejected, bad)
    update: dict[str, Any] = {"rejected": rejected}
    kinds: tuple[Kind, Kind] = ("canary", "shadow")
    update |= {kind: None for kind in kinds if (found := _of_kind(release, kind)) is not None and found.image == bad}
    return release.model_copy(update=update)


def _with(releases: Releases, service: str, release: ServiceRelease) -> Releases:
    if releases.services.get(service) == release:
        return releases
    return Releases(revision=releases.revision + 1, services={**releases.services, service: release})


def _of_kind(release: ServiceRelease, kind: Kind) -> Candidate | None:
    return release.canary if kind == "canary" else release.shadow


def _present(service: str, release: ServiceRelease, kind: Kind) -> Candidate:
    present = _of_kind(release, kind)
    if present is None:
        raise Refused(f"{service} has no {kind}; start with `release deploy {service} --image …`")
    return present


def _filled(service: str, release: ServiceRelease, slot: Slot) -> SlotRelease:
    content = release.slots[slot]
    if content is None:
        raise Refused(f"slot {slot} of {service} is empty; start with `release deploy {service} --image …`")
    return content


def _not_live(service: str, release: ServiceRelease, image: str) -> None:
    if live_image(release) == image:
        raise Refused(f"{image} is already live for the users of {service}, in slot {release.live}")


def _not_on_probation(service: str, release: ServiceRelease) -> None:
    if release.probation is not None:
        raise Refused(
            f"{service} is on probation until {release.probation.until}, and a rollback needs slot "
            f"{release.probation.previous}; wait, or decide with `release guard {service} --trust` or "
            f"`release rollback {service}`"
        )


def _accepted(service: str, release: ServiceRelease, image: str, *, force: bool) -> ServiceRelease:
    """The release with `image` not rejected, and of the repository that the service is of."""
    repository, usual = image.partition("@")[0], live_image(release).partition("@")[0]
    if repository != usual and not force:
        raise Refused(
            f"{service} runs images of {usual}, but this image is of {repository}; give an image of {usual}, "
            "or use --force"
        )
    if image not in release.rejected:
        return release
    if not force:
        raise Refused(
            f"{image} of {service} was rolled back; deploy another image, or deploy this one again with --force"
        )
    accepted = release.model_copy(update={"rejected": tuple(each for each in release.rejected if each != image)})
    # Where it stands idle since its rollback, it has to be verified anew before users see it.
    idle = other(release.live)
    content = release.slots[idle]
    return accepted if content is None or content.image != image else _in_slot(accepted, idle, _candidate(image))
