"""The verbs of the command line."""

import json
import sys
import threading
from contextlib import AbstractContextManager
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from components.dns_update import DnsError
from release import errors, lock, registry, show, snapshots
from release.connections import Connections
from release.contents import Kind
from release.context import Context
from release.flows import candidate, deploy, probation, rollback, snapshot, switch, verify
from release.options import CONSOLE, catch, stoppable, verb
from settings.releases import Image


def _by_digest(image: str | None) -> str | None:
    """See that an image is given as the release file takes it."""
    try:
        return None if image is None else TypeAdapter[str](Image).validate_python(image)
    except ValidationError as error:
        raise typer.BadParameter(f"{image!r} is not {error.errors()[0]['msg']}") from None


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Releases of one stack: what runs in which slot, and where users are led.",
)

Service = Annotated[str, typer.Argument(help="Name of the service")]
AnyService = Annotated[str | None, typer.Argument(help="Name of the service; all when there is none")]
Share = Annotated[int | None, typer.Option("--percent", min=0, max=100, help="Share of users (canary) or requests")]
Promote = Annotated[bool, typer.Option("--promote", help="Its image becomes the live slot's")]
Remove = Annotated[bool, typer.Option("--remove", help="Take it away")]


@verb(app, "deploy", engine_first=True)
def deploy_(
    connections: Connections,
    service: Service,
    image: Annotated[
        str, typer.Option("--image", callback=_by_digest, help="Image by digest: registry/repository@sha256:…")
    ],
    force: Annotated[bool, typer.Option("--force", help="Take an image that was rolled back all the same")] = False,
) -> int:
    """Give a service a new image, by its strategy; with blue_green users do not see it yet."""
    with _context(connections, f"deploy {service}") as context:
        before = snapshots.version(context.releases)
        deploy.deploy(context, service, image, force=force)
        passed = snapshots.version(context.releases) != before
    if passed:
        snapshot.after_release(connections)
    return errors.DONE


@verb(app, "verify", engine_first=True)
def verify_(
    connections: Connections,
    service: Service,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How often in a row it has to answer")] = verify.ROUNDS,
) -> int:
    """Test the idle slot under its own name; after it the slot may become live."""
    with _context(connections, f"verify {service}") as context:
        verify.verify(context, service, rounds)
    return errors.DONE


@verb(app, "switch", engine_first=True)
def switch_(connections: Connections, service: Service) -> int:
    """Lead users to the idle slot, on probation (exit code 4 when the guard has led them back by then)."""
    with _context(connections, f"switch {service}") as context:
        switch.switch(context, service)
    return errors.DONE


@verb(app, "rollback")
def rollback_(
    connections: Connections,
    service: Service,
    image: Annotated[
        str | None,
        typer.Option("--image", callback=_by_digest, help="The image to go back to, by digest; else the one before"),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="For the audit and people")] = "an operator asked for it",
) -> int:
    """Lead users back: the record first, then everything else."""
    with _context(connections, f"rollback {service}") as context:
        rollback.rollback(context, service, image, reason)
    return errors.DONE


@verb(app, "canary", engine_first=True)
def canary_(
    connections: Connections, service: Service, percent: Share = None, promote: Promote = False, remove: Remove = False
) -> int:
    """Give the canary another share of the users, promote it, or remove it."""
    return _candidate(connections, service, "canary", percent, promote=promote, remove=remove)


@verb(app, "shadow", engine_first=True)
def shadow_(
    connections: Connections, service: Service, percent: Share = None, promote: Promote = False, remove: Remove = False
) -> int:
    """Copy another share of the requests to the shadow, promote it, or remove it."""
    return _candidate(connections, service, "shadow", percent, promote=promote, remove=remove)


@verb(app, "guard")
def guard_(
    connections: Connections,
    service: Service,
    trust: Annotated[bool, typer.Option("--trust", help="End the probation: a person decided")] = False,
) -> int:
    """Watch the live slot while it is on probation; take it back when it fails (exit code 4)."""
    if trust:
        with _context(connections, f"trust {service}") as context:
            probation.trust(context, service)
        snapshot.after_release(connections)
        return errors.DONE
    if connections.options.dry_run:
        connections.say(f"would watch {service} until its probation ends, and roll it back if it fails; nothing else")
        return errors.DONE
    ended = threading.Event()
    catch(ended.set)
    code = probation.watch(connections, service, ended)
    if code == errors.DONE:
        stoppable(connections)
        snapshot.after_release(connections)
    return code


@verb(app, "status")
def status_(
    connections: Connections,
    service: AnyService = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> int:
    """Compare the release file, the engine and every name server; say what to do next."""
    context = connections.make()
    if service is not None:
        context.known(service)
    services = [service] if service is not None else list(context.settings.services)
    left = lock.left(connections.options.root, context.stack)
    if as_json:
        sys.stdout.write(json.dumps(show.as_json(context, services, left, connections.options.typed), indent=1) + "\n")
    else:
        show.status(context, CONSOLE, services, left, connections.options.typed)
    return errors.DONE


@verb(app, "history")
def history_(connections: Connections, service: AnyService = None) -> int:
    """The commits of the release file, the latest first."""
    show.history(CONSOLE, connections.repository().versions(), service)
    return errors.DONE


@verb(app, "clean-registry")
def clean_registry_(
    connections: Connections,
    docker: Annotated[
        str | None,
        typer.Option("--docker", help="Command that runs docker on the registry's host; over SSH by default"),
    ] = None,
) -> int:
    """Remove images that no file names and that are neither young nor among the last; pulls go on meanwhile."""
    with _context(connections, "clean-registry") as context:
        access, kept = connections.registry(docker), context.settings.delivery.registry
        registry.clean(access, kept, connections.options.root, context.say, connections.now(), dry_run=context.dry_run)
    return errors.DONE


@verb(app, "snapshot")
def snapshot_(
    connections: Connections,
    again: Annotated[bool, typer.Option("--again", help="Another one of hosts that have one of this revision")] = False,
    prune_only: Annotated[bool, typer.Option("--prune-only", help="Only remove those past their time")] = False,
) -> int:
    """Keep the manifests and a template of each Docker host for this revision of the release file; remove old ones."""
    stoppable(connections)
    with snapshot.opened(connections, "snapshot") as making:
        snapshot.keep(connections, again=again, prune_only=prune_only)
        if not prune_only:
            making.make(again=again, dry_run=connections.options.dry_run)
        making.prune(dry_run=connections.options.dry_run)
    return errors.DONE


@verb(app, "restore-host")
def restore_host_(
    connections: Connections,
    host: Annotated[str, typer.Argument(help="Name of the Docker host")],
    number: Annotated[int | None, typer.Option("--snapshot", help="Number of the template; told without it")] = None,
    over: Annotated[str | None, typer.Option("--over", help="The host once more, to stop it where it runs")] = None,
    beside: Annotated[bool, typer.Option("--beside", help="A machine without a network; the host stays")] = False,
) -> int:
    """Put the disks of a snapshot in the place of a Docker host's, whose number, address and firewall stay."""
    stoppable(connections)
    with snapshot.opened(connections, f"restore-host {host}") as making:
        snapshots.restore(making, host, number, over, beside=beside, dry_run=connections.options.dry_run)
    return errors.DONE


@verb(app, "promote-database")
def promote_database_(
    connections: Connections,
    ended: Annotated[str | None, typer.Option("--ended", help="Its host, which a person has seen to be off")] = None,
    behind: Annotated[bool, typer.Option("--behind", help="Lose the commits that the replica does not have")] = False,
    old: Annotated[str | None, typer.Option("--docker", help="Runs docker on its host; over SSH by default")] = None,
    new: Annotated[str | None, typer.Option("--replica-docker", help="The same on the replica's host")] = None,
) -> int:
    """Let the replica take the database's place: the old one is ended first, and the settings name the new one."""
    with _context(connections, "promote-database"):
        promotion = connections.promotion(old, new)
        promotion.run(ended, behind=behind, dry_run=connections.options.dry_run)
    return errors.DONE


def _candidate(
    connections: Connections, service: str, kind: Kind, percent: int | None, *, promote: bool, remove: bool
) -> int:
    if sum((percent is not None, promote, remove)) != 1:
        raise errors.Refused("give exactly one of --percent, --promote and --remove")
    with _context(connections, f"{kind} {service}") as context:
        if percent is not None:
            candidate.weigh(context, service, kind, percent)
        elif promote:
            candidate.promote(context, service, kind)
        else:
            candidate.remove(context, service, kind)
    if promote:
        snapshot.after_release(connections)
    return errors.DONE


def _context(connections: Connections, what: str) -> AbstractContextManager[Context]:
    stoppable(connections)
    return connections.context(what)


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; gives the exit code: see `release.errors`; 2 for wrong usage."""
    try:
        app(arguments)
    except errors.Interrupted as error:
        _fault(f"{error}; run `status` to see the state; the same command continues")
        return errors.INTERRUPTED
    except errors.RolledBack as error:
        _fault(str(error))
        return errors.ROLLED_BACK
    except (errors.ReleaseError, DnsError) as error:
        _fault(str(error))
        return errors.FAILED
    except SystemExit as ended:
        # Wrong usage is told by the library, and a verb's own code comes through it.
        return ended.code if isinstance(ended.code, int) else errors.DONE
    return errors.DONE


def _fault(sentence: str) -> None:
    sys.stderr.write(f"error: {sentence}\n")
