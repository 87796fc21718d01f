"""Rules on the release file: it speaks of services that there are and of slots that run something (REL-1, REL-5)."""

from collections.abc import Iterator

from settings.report import RELEASES, Problem, listed, show, suggest
from settings.shape import whole
from settings.stack import Settings


def known_services(settings: Settings) -> Iterator[Problem]:
    """Only a service of the stack is released."""
    known = settings.services
    for name in settings.releases.services:
        if name not in known:
            text = f"is not a service of this stack; {suggest(name, known, 'services')}"
            yield Problem((RELEASES, "services", name), text)


def live_slot(settings: Settings) -> Iterator[Problem]:
    """Users are sent to a slot that runs something."""
    for name, release in whole(settings.releases.services):
        if release.live in release.slots and release.slots[release.live] is None:
            filled = [slot for slot, content in release.slots.items() if content is not None]
            hint = f"give {listed(filled)}, or an image to {release.live}" if filled else "give it an image"
            path = (RELEASES, "services", name, "live")
            yield Problem(path, f"{show(release.live)} is empty: nothing runs in it; {hint}")


def live_slot_is_safe(settings: Settings) -> Iterator[Problem]:
    """Users are sent to what was verified, and never again to what was rolled back (REL-1, REL-6)."""
    for name, release in whole(settings.releases.services):
        content = release.slots.get(release.live)
        if content is None or release.serves(release.live):
            continue
        path = (RELEASES, "services", name, "live")
        if content.image in release.rejected:
            text = (
                f"{show(release.live)} holds an image that was rolled back; release another one with "
                f"`python -m release deploy {name} --stack {settings.environment.name} --image …`, "
                "or the same with --force"
            )
        else:
            text = (
                f"{show(release.live)} was not verified; run "
                f"`python -m release verify {name} --stack {settings.environment.name}` first"
            )
        yield Problem(path, text)


def candidates(settings: Settings) -> Iterator[Problem]:
    """A candidate beside the live slot is of the service's strategy, and was not rolled back (REL-3, REL-4)."""
    for name, release in whole(settings.releases.services):
        service = settings.services.get(name)
        for kind, candidate in (("canary", release.canary), ("shadow", release.shadow)):
            if candidate is None or service is None:
                continue
            path = (RELEASES, "services", name, kind)
            if service.strategy != kind:
                text = (
                    f"is for services with strategy {kind}; {name} has {service.strategy}: make the strategy {kind} "
                    f"again, run `python -m release {kind} {name} --remove --stack {settings.environment.name}`, "
                    "then change it"
                )
                yield Problem(path, text)
            if candidate.image in release.rejected:
                yield Problem((*path, "image"), "was rolled back; give another image, or take the candidate out")


def probation(settings: Settings) -> Iterator[Problem]:
    """There is a way back as long as a slot is on probation (REL-6)."""
    for name, release in whole(settings.releases.services):
        if release.probation is None:
            continue
        path = (RELEASES, "services", name, "probation")
        if release.probation.previous == release.live:
            yield Problem((*path, "previous"), f"{show(release.live)} is the live slot; give the other slot")
        if release.probation.until <= release.probation.since:
            yield Problem((*path, "until"), f"is not after since, {release.probation.since}; give a later moment")


def registry(settings: Settings) -> Iterator[Problem]:
    """Images come from the stack's own registry (REL-5)."""
    host = settings.environment.registry_host
    given = settings.guard.image.split("/", 1)[0]
    if given != host:
        yield Problem(("guard", "image"), f"{show(given)} is not the registry of this stack; give an image from {host}")
    for name, release in whole(settings.releases.services):
        images = {("slots", slot): content.image for slot, content in release.slots.items() if content is not None}
        images |= {("canary",): release.canary.image} if release.canary is not None else {}
        images |= {("shadow",): release.shadow.image} if release.shadow is not None else {}
        for place, image in images.items():
            given = image.split("/", 1)[0]
            if given != host:
                path = (RELEASES, "services", name, *place, "image")
                yield Problem(path, f"{show(given)} is not the registry of this stack; give an image from {host}")


RULES = (known_services, live_slot, live_slot_is_safe, candidates, probation, registry)
