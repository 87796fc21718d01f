"""`canary` and `shadow`: the share of a candidate beside the live slot, its end, and its promotion."""

from release import changes, contents, resources
from release.contents import Kind
from release.context import Context
from release.flows.deploy import recorded
from release.pulumi_engine.targets import short
from settings.releases import Releases
from settings.values import Slot

_BOTH: tuple[Slot, Slot] = ("blue", "green")


def weigh(context: Context, service: str, kind: Kind, percent: int) -> None:
    """Give it another share, on both gateways."""
    context.known(service)
    new = changes.weigh(context.releases, service, kind, percent)
    release = new.services[service]
    image = _image(new, service, kind)
    with recorded(context, f"{kind} {service} at {percent} %", service, release.live, image):
        context.advance(new, [*resources.routing(_BOTH), resources.ledger()], f"{kind} at {percent} %")
        context.loaded(_BOTH)
    whom = "users" if kind == "canary" else "requests (copies)"
    _end(context, f"{kind} {service} at {percent} %", f"{short(image)} gets {percent} % of the {whom} of {service}")


def remove(context: Context, service: str, kind: Kind) -> None:
    """Take its share, then itself: nobody is sent to what is not there any more."""
    context.known(service)
    release = contents.released(context.releases, service)
    if contents.of_kind(release, kind) is None and _finish(context, service, kind):
        return
    live = release.live
    image = _image(changes.weigh(context.releases, service, kind, 0), service, kind)
    with recorded(context, f"remove the {kind} of {service}", service, live, image):
        none = changes.weigh(context.releases, service, kind, 0)
        context.advance(none, [*resources.routing(_BOTH), resources.ledger()], f"{kind} at 0 %")
        context.loaded(_BOTH)
        targets = [
            *resources.candidate(context.settings, service, kind),
            *resources.routing(_BOTH),
            resources.ledger(),
        ]
        context.advance(changes.withdraw(context.releases, service, kind), targets, f"no {kind}")
    _end(context, f"remove the {kind} of {service}", f"{service} has no {kind} any more")


def promote(context: Context, service: str, kind: Kind) -> None:
    """Its image becomes the live slot's; it is removed when all pods of that run it."""
    context.known(service)
    if contents.of_kind(contents.released(context.releases, service), kind) is None and _finish(context, service, kind):
        return
    new = changes.promote(context.releases, service, kind)
    release = new.services[service]
    image = contents.live_image(release)
    with recorded(context, f"promote the {kind} of {service}", service, release.live, image):
        targets = [*resources.slot_of(context.settings, service, release.live, live=True), resources.ledger()]
        context.advance(new, targets, f"{short(image)} in the live slot {release.live}")
    if not context.dry_run:
        context.notifier.deployed(service, release.live, image)
    remove(context, service, kind)


def _finish(context: Context, service: str, kind: Kind) -> bool:
    """Remove what an interrupted run left of a candidate that the file has no more; False when nothing is left."""
    targets = [*resources.candidate(context.settings, service, kind), *resources.routing(_BOTH), resources.ledger()]
    if not context.advance(context.releases, targets, f"no {kind}"):
        return False
    _end(context, f"remove the {kind} of {service}", f"{service} has no {kind} any more")
    return True


def _image(releases: Releases, service: str, kind: Kind) -> str:
    found = contents.of_kind(releases.services[service], kind)
    return found.image if found is not None else ""


def _end(context: Context, subject: str, sentence: str) -> None:
    if not context.dry_run:
        context.history.commit(subject)
        context.say(sentence)
