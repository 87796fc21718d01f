"""`deploy`: give an image to the slot that the service's strategy says; users of `blue_green` do not see it yet."""

import contextlib
from collections.abc import Generator

from release import changes, contents, resources
from release.contents import other
from release.context import Context
from release.flows import situation
from release.pulumi_engine.targets import short
from settings.releases import Releases
from settings.values import Slot

_BOTH: tuple[Slot, Slot] = ("blue", "green")


def deploy(context: Context, service: str, image: str, *, force: bool = False) -> None:
    """Deploy by the service's strategy.

    Args:
        context: The stack.
        service: The service.
        image: Image by digest.
        force: Whether an image that was rolled back is wanted all the same.
    """
    context.known(service)
    strategy = context.settings.services[service].strategy
    release = context.releases.services.get(service)
    if release is None:
        _first(context, service, image)
    elif contents.live_image(release) == image:
        _finish(context, service, image)
    elif strategy == "blue_green":
        _idle(context, service, image, force=force)
    elif strategy == "rolling":
        _live(context, service, image, force=force)
    else:
        _candidate(context, service, strategy, image, force=force)


@contextlib.contextmanager
def recorded(context: Context, what: str, service: str, slot: Slot, image: str) -> Generator[None]:
    """Audit rows around something that changes the stack."""
    if context.dry_run:
        yield
        return
    context.notifier.record(what, service, slot, image, "started")
    try:
        yield
    except BaseException as error:
        context.notifier.record(what, service, slot, image, "failed", reason=str(error) or type(error).__name__)
        raise
    context.notifier.record(what, service, slot, image, "succeeded")


def _first(context: Context, service: str, image: str) -> None:
    new = changes.first(context.releases, service, image)
    targets = [*resources.whole(context.settings, service), *resources.routing(_BOTH), resources.ledger()]
    with recorded(context, f"deploy {service} for the first time", service, "blue", image):
        # Its name comes last: it leads to pods that are ready.
        context.advance(new, targets, f"the first release of {service}")
        context.loaded(_BOTH)
    _keep(context, f"deploy {service} {short(image)} for the first time")


def _idle(context: Context, service: str, image: str, *, force: bool) -> None:
    # Where users were led elsewhere, what is idle by the release file is what they see.
    situation.undisturbed(context, service)
    wanted = changes.deploy_idle(context.releases, service, image, force=force)
    live = context.releases.services[service].live
    idle = other(live)
    with recorded(context, f"deploy {service}", service, idle, image):
        if wanted != context.releases:
            _close(context, service, idle)
            wanted = changes.deploy_idle(context.releases, service, image, force=force)
        targets = [
            *resources.slot_of(context.settings, service, idle),
            *resources.routing(_BOTH),
            resources.ledger(),
        ]
        context.advance(wanted, targets, f"{short(image)} in slot {idle}")
        context.loaded(_BOTH)
    _keep(context, f"deploy {service} {short(image)} to {idle}")
    _tell(context, f"{service} has {short(image)} in slot {idle}; next: `release verify {service}`")


def _close(context: Context, service: str, idle: Slot) -> None:
    """Clients that still know the idle gateway's address are sent to the live slot before the image changes.

    The wait is gone through also where the file says it already: an earlier run may not have come so far.
    """
    if context.releases.services[service].slots[idle] is None:
        return
    targets = [*resources.routing([idle]), resources.ledger()]
    context.advance(changes.close(context.releases, service), targets, f"slot {idle} is closed for public names")
    context.loaded([idle])


def _finish(context: Context, service: str, image: str) -> None:
    """An interrupted rollout or first release is gone through again; the engine says whether anything is left of it."""
    release = context.releases.services[service]
    targets = [*resources.whole(context.settings, service), *resources.routing(_BOTH), resources.ledger()]
    if not context.advance(context.releases, targets, f"the deployment of {short(image)} continues"):
        contents.refuse_live(service, release, image)
    _keep(context, f"deploy {service} {short(image)} to {release.live}")
    _tell(context, f"users of {service} see {short(image)} in slot {release.live}")


def _live(context: Context, service: str, image: str, *, force: bool) -> None:
    live = context.releases.services[service].live
    wanted = changes.deploy_live(context.releases, service, image, force=force)
    targets = [*resources.slot_of(context.settings, service, live, live=True), resources.ledger()]
    with recorded(context, f"deploy {service}", service, live, image):
        context.advance(wanted, targets, f"{short(image)} in the live slot {live}")
    _keep(context, f"deploy {service} {short(image)} to {live}")
    if not context.dry_run:
        context.notifier.deployed(service, live, image)
    _tell(context, f"users of {service} see {short(image)} in slot {live}")


def _candidate(context: Context, service: str, kind: contents.Kind, image: str, *, force: bool) -> None:
    live = context.releases.services[service].live
    wanted: Releases = changes.deploy_candidate(context.releases, service, kind, image, force=force)
    targets = [
        *resources.candidate(context.settings, service, kind),
        *resources.routing(_BOTH),
        resources.ledger(),
    ]
    with recorded(context, f"deploy {kind} of {service}", service, live, image):
        context.advance(wanted, targets, f"{short(image)} as {kind}")
        context.loaded(_BOTH)
    _keep(context, f"deploy {service} {short(image)} as {kind}")
    share = f"`release {kind} {service} --percent 10`"
    _tell(context, f"{service} has {short(image)} as {kind} beside slot {live}, at 0 %; next: {share}")


def _keep(context: Context, subject: str) -> None:
    if not context.dry_run:
        context.step("committing the release file")
        context.history.commit(subject)


def _tell(context: Context, sentence: str) -> None:
    if not context.dry_run:
        context.say(sentence)
