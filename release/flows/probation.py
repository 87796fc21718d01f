"""`guard`: watch the live slot while it is on probation, and write down what comes of it."""

import datetime
import threading
from collections.abc import Callable
from datetime import timedelta

from components.dns_update import DnsError
from release import changes, resources
from release.desk import Desk
from release.faults import Refused, ReleaseError
from release.flows import rollback, situation
from release.guard import DnsSwitcher, Hooks, Judge, Release, Subject, Watch
from release.office import Office


def trust(desk: Desk, service: str) -> None:
    """End the probation: the slot is trusted, and the other one may be deployed to again."""
    desk.known(service)
    new = changes.trust(desk.releases, service)
    if new == desk.releases:
        desk.say(f"{service} is not on probation; nothing to do")
        return
    # What was taken back is not trusted: users would be sent to it again.
    situation.undisturbed(desk, service)
    desk.advance(
        new, [resources.guard(desk.settings, service), resources.ledger()], f"the probation of {service} is over"
    )
    if not desk.dry_run:
        desk.keeper.keep(f"{service} is trusted in {new.services[service].live}")


def extend(desk: Desk, service: str, until: datetime.datetime) -> None:
    """Give it more time, once."""
    new = changes.extend(desk.releases, service, until)
    desk.advance(
        new, [resources.guard(desk.settings, service), resources.ledger()], f"the probation of {service} is extended"
    )
    if not desk.dry_run:
        desk.keeper.keep(f"the probation of {service} is extended")


def watch(office: Office, service: str, ended: threading.Event) -> int:
    """Watch until there is an end; gives the exit code.

    The stack is held only while something is written: an operator may act at any moment.
    """
    desk = office.make()
    desk.known(service)
    found = changes.released(desk.releases, service)
    if found.probation is None:
        raise Refused(f"{service} is not on probation; there is nothing to watch")
    made = _watch(office, desk, service, ended)
    return made.run().code


def _watch(office: Office, desk: Desk, service: str, ended: threading.Event) -> Watch:
    settings, options = office.settings, office.options
    guard, environment, release = settings.guard, settings.environment, desk.releases.services[service]
    probation = release.probation
    if probation is None:
        raise Refused(f"{service} is not on probation; there is nothing to watch")
    since, until = changes.parsed(probation.since), changes.parsed(probation.until)
    return Watch(
        release=Release(
            options.stack,
            service,
            release.live,
            probation.previous,
            changes.live_image(release),
            since,
            until,
            timedelta(minutes=guard.probation_minutes),
            probation.extended,
        ),
        judge=Judge(
            Subject(service, release.live, probation.previous), settings.guard_limits, office.metrics(), office.logs()
        ),
        switcher=DnsSwitcher(
            servers=settings.dns.servers,
            zone=environment.domain,
            fqdn=settings.service_fqdn(service),
            watched=desk.address(service, release.live),
            previous=desk.address(service, probation.previous),
            ttl=settings.dns.switch_ttl_seconds,
            key=office.key(),
        ),
        audit=office.audit(),
        announcer=office.announcer(),
        who=options.who,
        say=office.say,
        clock=office.now,
        sleep=ended.wait,
        check_seconds=settings.guard_limits.check_seconds,
        hooks=_hooks(office, service),
    )


def _hooks(office: Office, service: str) -> Hooks:
    def written(what: str, work: Callable[[Desk], None]) -> None:
        try:
            with office.desk(f"guard {service}") as desk:
                work(desk)
        except (ReleaseError, DnsError) as error:
            office.say(f"{what} was not written down: {error}")

    return Hooks(
        extended=lambda until: written("the extension", lambda desk: extend(desk, service, until)),
        trusted=lambda: written("the end of the probation", lambda desk: trust(desk, service)),
        taken_back=lambda _acted: written(
            "the rollback", lambda desk: rollback.rollback(desk, service, reason="the guard found it failing")
        ),
    )
