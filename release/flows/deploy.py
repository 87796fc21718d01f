"""`deploy`: give an image to the slot that the service's strategy says; users of `blue_green` do not see it yet."""

import contextlib
from collections.abc import Generator

from release import changes, resources
from release.changes import other
from release.desk import Desk
from release.engine.targets import short
from release.faults import Refused
from release.flows import situation
from settings.releases import Releases
from settings.values import Slot

_BOTH: tuple[Slot, Slot] = ("blue", "green")


def deploy(desk: Desk, service: str, image: str, *, force: bool = False) -> None:
    """Deploy by the service's strategy.

    Args:
        desk: The stack.
        service: The service.
        image: Image by digest.
        force: Whether an image that was rolled back is wanted all the same.
    """
    desk.known(service)
    strategy = desk.settings.services[service].strategy
    release = desk.releases.services.get(service)
    if release is None:
        _first(desk, service, image)
    elif changes.live_image(release) == image:
        _finish(desk, service, image)
    elif strategy == "blue_green":
        _idle(desk, service, image, force=force)
    elif strategy == "rolling":
        _live(desk, service, image, force=force)
    else:
        _candidate(desk, service, strategy, image, force=force)


@contextlib.contextmanager
def recorded(desk: Desk, what: str, service: str, slot: Slot, image: str) -> Generator[None]:
    """Audit rows around something that changes the stack."""
    if desk.dry_run:
        yield
        return
    desk.witness.record(what, service, slot, image, "started")
    try:
        yield
    except BaseException as error:
        desk.witness.record(what, service, slot, image, "failed", reason=str(error) or type(error).__name__)
        raise
    desk.witness.record(what, service, slot, image, "succeeded")


def _first(desk: Desk, service: str, image: str) -> None:
    new = changes.first(desk.releases, service, image)
    targets = [*resources.whole(desk.settings, service), *resources.routing(_BOTH), resources.ledger()]
    with recorded(desk, f"deploy {service} for the first time", service, "blue", image):
        # Its name comes last: it leads to pods that are ready.
        desk.advance(new, targets, f"the first release of {service}")
        desk.loaded(_BOTH)
    _keep(desk, f"deploy {service} {short(image)} for the first time")


def _idle(desk: Desk, service: str, image: str, *, force: bool) -> None:
    # Where users were led elsewhere, what is idle by the release file is what they see.
    situation.undisturbed(desk, service)
    wanted = changes.deploy_idle(desk.releases, service, image, force=force)
    live = desk.releases.services[service].live
    idle = other(live)
    with recorded(desk, f"deploy {service}", service, idle, image):
        if wanted != desk.releases:
            _close(desk, service, idle)
            wanted = changes.deploy_idle(desk.releases, service, image, force=force)
        targets = [
            *resources.slot_of(desk.settings, service, idle),
            *resources.routing(_BOTH),
            resources.ledger(),
        ]
        desk.advance(wanted, targets, f"{short(image)} in slot {idle}")
        desk.loaded(_BOTH)
    _keep(desk, f"deploy {service} {short(image)} to {idle}")
    _tell(desk, f"{service} has {short(image)} in slot {idle}; next: `release verify {service}`")


def _close(desk: Desk, service: str, idle: Slot) -> None:
    """Clients that still know the idle gateway's address are sent to the live slot before the image changes.

    The wait is gone through also where the file says it already: an earlier run may not have come so far.
    """
    if desk.releases.services[service].slots[idle] is None:
        return
    targets = [*resources.routing([idle]), resources.ledger()]
    desk.advance(changes.close(desk.releases, service), targets, f"slot {idle} is closed for public names")
    desk.loaded([idle])


def _finish(desk: Desk, service: str, image: str) -> None:
    """An interrupted rollout or first release is gone through again; the engine says whether anything is left of it."""
    live = desk.releases.services[service].live
    targets = [*resources.whole(desk.settings, service), *resources.routing(_BOTH), resources.ledger()]
    if not desk.advance(desk.releases, targets, f"the deployment of {short(image)} goes on"):
        raise Refused(f"{image} is what users of {service} see already, in slot {live}")
    _keep(desk, f"deploy {service} {short(image)} to {live}")
    _tell(desk, f"users of {service} see {short(image)} in slot {live}")


def _live(desk: Desk, service: str, image: str, *, force: bool) -> None:
    live = desk.releases.services[service].live
    wanted = changes.deploy_live(desk.releases, service, image, force=force)
    targets = [*resources.slot_of(desk.settings, service, live, live=True), resources.ledger()]
    with recorded(desk, f"deploy {service}", service, live, image):
        desk.advance(wanted, targets, f"{short(image)} in the live slot {live}")
    _keep(desk, f"deploy {service} {short(image)} to {live}")
    if not desk.dry_run:
        desk.witness.deployed(service, live, image)
    _tell(desk, f"users of {service} see {short(image)} in slot {live}")


def _candidate(desk: Desk, service: str, kind: changes.Kind, image: str, *, force: bool) -> None:
    live = desk.releases.services[service].live
    wanted: Releases = changes.deploy_candidate(desk.releases, service, kind, image, force=force)
    targets = [
        *resources.candidate(desk.settings, service, kind),
        *resources.routing(_BOTH),
        resources.ledger(),
    ]
    with recorded(desk, f"deploy {kind} of {service}", service, live, image):
        desk.advance(wanted, targets, f"{short(image)} as {kind}")
        desk.loaded(_BOTH)
    _keep(desk, f"deploy {service} {short(image)} as {kind}")
    share = f"`release {kind} {service} --percent 10`"
    _tell(desk, f"{service} has {short(image)} as {kind} beside slot {live}, at 0 %; next: {share}")


def _keep(desk: Desk, subject: str) -> None:
    if not desk.dry_run:
        desk.step("committing the release file")
        desk.keeper.keep(subject)


def _tell(desk: Desk, sentence: str) -> None:
    if not desk.dry_run:
        desk.say(sentence)
