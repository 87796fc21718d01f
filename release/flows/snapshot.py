"""`snapshot`: what keeps a release, beside the stack's own lock: a clone may take an hour, and a rollback has none."""

import contextlib
from collections.abc import Generator

from release import lock
from release.connections import Connections
from release.errors import Interrupted, ReleaseError
from release.snapshots import Making


@contextlib.contextmanager
def opened(connections: Connections, what: str) -> Generator[Making]:
    """What snapshots are made with, one run at a time.

    Args:
        connections: What the tool connects to.
        what: The command, for whoever finds another run.
    """
    options = connections.options
    with contextlib.ExitStack() as held:
        if not options.dry_run:
            own = f"{options.stack}-snapshots"
            held.enter_context(lock.held(options.root, own, what, options.who, connections.now()))
        yield connections.snapshots()


def keep(connections: Connections, *, again: bool = False, prune_only: bool = False) -> None:
    """Keep the manifests of this revision, and remove those past their time; nothing where no snapshots are made."""
    if connections.settings.backup.deployment is None:
        return
    manifests, dry_run = connections.manifests(), connections.options.dry_run
    if not prune_only:
        manifests.keep(again=again, dry_run=dry_run)
    manifests.prune(dry_run=dry_run)


def after_release(connections: Connections) -> None:
    """Make the snapshot of a release that passed; the release stands, whatever becomes of it.

    Raises:
        Interrupted: When the operator stopped it.
    """
    if connections.settings.backup.deployment is None or connections.options.dry_run:
        return
    left = "the release is done; its snapshot is not: `release snapshot` goes on with it"
    try:
        with opened(connections, "snapshot") as making:
            # First what takes a second.
            keep(connections)
            making.make()
            making.prune()
    except Interrupted:
        raise Interrupted(left) from None
    except ReleaseError as error:
        connections.say(f"{left}. {error}")
