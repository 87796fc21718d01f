"""`canary` and `shadow`: the share of a candidate beside the live slot, its end, and its promotion."""

from release import changes, resources
from release.changes import Kind
from release.desk import Desk
from release.engine.targets import short
from release.flows.deploy import recorded
from settings.releases import Candidate, Releases, ServiceRelease
from settings.values import Slot

_BOTH: tuple[Slot, Slot] = ("blue", "green")


def weigh(desk: Desk, service: str, kind: Kind, percent: int) -> None:
    """Give it another share, on both gateways."""
    desk.known(service)
    new = changes.weigh(desk.releases, service, kind, percent)
    release = new.services[service]
    image = _image(new, service, kind)
    with recorded(desk, f"{kind} {service} at {percent} %", service, release.live, image):
        desk.advance(new, [*resources.routing(_BOTH), resources.ledger()], f"{kind} at {percent} %")
        desk.loaded(_BOTH)
    whom = "users" if kind == "canary" else "requests (copies)"
    _end(desk, f"{kind} {service} at {percent} %", f"{short(image)} gets {percent} % of the {whom} of {service}")


def remove(desk: Desk, service: str, kind: Kind) -> None:
    """Take its share, then itself: nobody is sent to what is not there any more."""
    desk.known(service)
    release = changes.released(desk.releases, service)
    if _of(release, kind) is None and _finish(desk, service, kind):
        return
    live = release.live
    image = _image(changes.weigh(desk.releases, service, kind, 0), service, kind)
    with recorded(desk, f"remove the {kind} of {service}", service, live, image):
        none = changes.weigh(desk.releases, service, kind, 0)
        desk.advance(none, [*resources.routing(_BOTH), resources.ledger()], f"{kind} at 0 %")
        desk.loaded(_BOTH)
        targets = [
            *resources.candidate(desk.settings, service, kind),
            *resources.routing(_BOTH),
            resources.ledger(),
        ]
        desk.advance(changes.withdraw(desk.releases, service, kind), targets, f"no {kind}")
    _end(desk, f"remove the {kind} of {service}", f"{service} has no {kind} any more")


def promote(desk: Desk, service: str, kind: Kind) -> None:
    """Its image becomes the live slot's; it is removed when all pods of that run it."""
    desk.known(service)
    if _of(changes.released(desk.releases, service), kind) is None and _finish(desk, service, kind):
        return
    new = changes.promote(desk.releases, service, kind)
    release = new.services[service]
    image = changes.live_image(release)
    with recorded(desk, f"promote the {kind} of {service}", service, release.live, image):
        targets = [*resources.slot_of(desk.settings, service, release.live, live=True), resources.ledger()]
        desk.advance(new, targets, f"{short(image)} in the live slot {release.live}")
    if not desk.dry_run:
        desk.witness.deployed(service, release.live, image)
    remove(desk, service, kind)


def _finish(desk: Desk, service: str, kind: Kind) -> bool:
    """Remove what an interrupted run left of a candidate that the file has no more; False when nothing is left."""
    targets = [*resources.candidate(desk.settings, service, kind), *resources.routing(_BOTH), resources.ledger()]
    if not desk.advance(desk.releases, targets, f"no {kind}"):
        return False
    _end(desk, f"remove the {kind} of {service}", f"{service} has no {kind} any more")
    return True


def _of(release: ServiceRelease, kind: Kind) -> Candidate | None:
    return release.canary if kind == "canary" else release.shadow


def _image(releases: Releases, service: str, kind: Kind) -> str:
    found = _of(releases.services[service], kind)
    return found.image if found is not None else ""


def _end(desk: Desk, subject: str, sentence: str) -> None:
    if not desk.dry_run:
        desk.keeper.keep(subject)
        desk.say(sentence)
