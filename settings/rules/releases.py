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
            text = f"is no service of this stack; {suggest(name, known, 'services')}"
            yield Problem((RELEASES, "services", name), text)


def live_slot(settings: Settings) -> Iterator[Problem]:
    """Users are sent to a slot that runs something."""
    for name, release in whole(settings.releases.services):
        if release.live in release.slots and release.slots[release.live] is None:
            filled = [slot for slot, content in release.slots.items() if content is not None]
            hint = f"give {listed(filled)}, or an image to {release.live}" if filled else "give it an image"
            path = (RELEASES, "services", name, "live")
            yield Problem(path, f"{show(release.live)} is an empty slot, in which nothing runs; {hint}")


def registry(settings: Settings) -> Iterator[Problem]:
    """Images come from the stack's own registry (REL-5)."""
    host = settings.environment.registry_host
    for name, release in whole(settings.releases.services):
        for slot, content in release.slots.items():
            if content is not None and content.image.split("/", 1)[0] != host:
                path = (RELEASES, "services", name, "slots", slot, "image")
                given = show(content.image.split("/", 1)[0])
                yield Problem(path, f"{given} is not the registry of this stack; give an image from {host}")


RULES = (known_services, live_slot, registry)
