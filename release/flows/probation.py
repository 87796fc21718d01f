"""`guard`: watch the live slot while it is on probation, and write down what comes of it."""

import datetime
import threading
from collections.abc import Callable
from datetime import timedelta

from components.dns_update import DnsError
from release import changes, contents, resources
from release.connections import Connections
from release.context import Context
from release.errors import Refused, ReleaseError
from release.flows import rollback, situation
from release.guard import DnsSwitcher, Hooks, Judge, Release, Subject, Watch


def trust(context: Context, service: str) -> None:
    """End the probation: the slot is trusted, and the other one may be deployed to again."""
    context.known(service)
    new = changes.trust(context.releases, service)
    if new == context.releases:
        context.say(f"{service} is not on probation; nothing to do")
        return
    # What was taken back is not trusted: users would be sent to it again.
    situation.undisturbed(context, service)
    context.advance(
        new, [resources.guard(context.settings, service), resources.ledger()], f"the probation of {service} is over"
    )
    if not context.dry_run:
        context.history.commit(f"{service} is trusted in {new.services[service].live}")


def extend(context: Context, service: str, until: datetime.datetime) -> None:
    """Give it more time, once."""
    new = changes.extend(context.releases, service, until)
    context.advance(
        new, [resources.guard(context.settings, service), resources.ledger()], f"the probation of {service} is extended"
    )
    if not context.dry_run:
        context.history.commit(f"the probation of {service} is extended")


def watch(connections: Connections, service: str, ended: threading.Event) -> int:
    """Watch until there is an end; gives the exit code.

    The stack is held only while something is written: an operator may act at any moment.
    """
    context = connections.make()
    context.known(service)
    found = contents.released(context.releases, service)
    if found.probation is None:
        raise Refused(f"{service} is not on probation; there is nothing to watch")
    made = _watch(connections, context, service, ended)
    return made.run().code


def _watch(connections: Connections, context: Context, service: str, ended: threading.Event) -> Watch:
    settings, options = connections.settings, connections.options
    guard, environment, release = settings.guard, settings.environment, context.releases.services[service]
    probation = release.probation
    if probation is None:
        raise Refused(f"{service} is not on probation; there is nothing to watch")
    since, until = contents.parsed(probation.since), contents.parsed(probation.until)
    return Watch(
        release=Release(
            options.stack,
            service,
            release.live,
            probation.previous,
            contents.live_image(release),
            since,
            until,
            timedelta(minutes=guard.probation_minutes),
            probation.extended,
        ),
        judge=Judge(
            Subject(service, release.live, probation.previous),
            settings.guard_limits,
            connections.metrics(),
            connections.logs(),
        ),
        switcher=DnsSwitcher(
            servers=settings.dns.servers,
            zone=environment.domain,
            fqdn=settings.service_fqdn(service),
            watched=context.address(service, release.live),
            previous=context.address(service, probation.previous),
            ttl=settings.dns.switch_ttl_seconds,
            key=connections.key(),
        ),
        audit=connections.audit(),
        announcer=connections.announcer(),
        who=options.who,
        say=connections.say,
        clock=connections.now,
        sleep=ended.wait,
        check_seconds=settings.guard_limits.check_seconds,
        hooks=_hooks(connections, service),
    )


def _hooks(connections: Connections, service: str) -> Hooks:
    def written(what: str, work: Callable[[Context], None]) -> None:
        try:
            with connections.context(f"guard {service}") as context:
                work(context)
        except (ReleaseError, DnsError) as error:
            connections.say(f"{what} was not written down: {error}")

    return Hooks(
        extended=lambda until: written("the extension", lambda context: extend(context, service, until)),
        trusted=lambda: written("the end of the probation", lambda context: trust(context, service)),
        taken_back=lambda _acted: written(
            "the rollback", lambda context: rollback.rollback(context, service, reason="the guard found it failing")
        ),
    )
