"""What the release file says of one service: read, checked for what a change asks of it, and written anew."""

import datetime
from typing import Any, Literal

from release.errors import Refused
from settings.releases import Candidate, Releases, ServiceRelease, SlotRelease
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


def as_candidate(image: str) -> SlotRelease:
    """What is in a slot, not tested so far."""
    return SlotRelease(image=image, standing="candidate")


def as_verified(image: str) -> SlotRelease:
    """What is in a slot, and users may see."""
    return SlotRelease(image=image, standing="verified")


def in_slot(release: ServiceRelease, slot: Slot, content: SlotRelease) -> ServiceRelease:
    """The release with something in a slot."""
    return release.model_copy(update={"slots": {**release.slots, slot: content}})


def reject(release: ServiceRelease, bad: str) -> ServiceRelease:
    """The release with a bad image rejected, wherever it is."""
    rejected = release.rejected if bad in release.rejected else (*release.rejected, bad)
    update: dict[str, Any] = {"rejected": rejected}
    kinds: tuple[Kind, Kind] = ("canary", "shadow")
    update |= {kind: None for kind in kinds if (found := of_kind(release, kind)) is not None and found.image == bad}
    return release.model_copy(update=update)


def with_release(releases: Releases, service: str, release: ServiceRelease) -> Releases:
    """The file with a service's release, one revision later if that is another one."""
    if releases.services.get(service) == release:
        return releases
    return Releases(revision=releases.revision + 1, services={**releases.services, service: release})


def of_kind(release: ServiceRelease, kind: Kind) -> Candidate | None:
    """The canary, or the shadow."""
    return release.canary if kind == "canary" else release.shadow


def candidate_of(service: str, release: ServiceRelease, kind: Kind) -> Candidate:
    """The canary, or the shadow.

    Raises:
        Refused: When there is none.
    """
    present = of_kind(release, kind)
    if present is None:
        raise Refused(f"{service} has no {kind}; start with `release deploy {service} --image …`")
    return present


def content_of(service: str, release: ServiceRelease, slot: Slot) -> SlotRelease:
    """What is in a slot.

    Raises:
        Refused: When it is empty.
    """
    content = release.slots[slot]
    if content is None:
        raise Refused(f"slot {slot} of {service} is empty; start with `release deploy {service} --image …`")
    return content


def refuse_live(service: str, release: ServiceRelease, image: str) -> None:
    """See that users do not have the image already.

    Raises:
        Refused: When they have.
    """
    if live_image(release) == image:
        raise Refused(f"{image} already runs in the live slot of {service}, {release.live}")


def refuse_on_probation(service: str, release: ServiceRelease) -> None:
    """See that no probation is under way, which needs the other slot.

    Raises:
        Refused: When one is.
    """
    if release.probation is not None:
        raise Refused(
            f"{service} is on probation until {release.probation.until}, and a rollback needs slot "
            f"{release.probation.previous}; wait, or decide with `release guard {service} --trust` or "
            f"`release rollback {service}`"
        )


def accept(service: str, release: ServiceRelease, image: str, *, force: bool) -> ServiceRelease:
    """The release with `image` not rejected, and of the repository that the service is of.

    Raises:
        Refused: When it is of another one, or was rolled back, and nobody insists.
    """
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
    return accepted if content is None or content.image != image else in_slot(accepted, idle, as_candidate(image))
