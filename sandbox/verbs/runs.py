"""One engine run within a session: its marks, its failure, its interruption."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.engine import marks, state
from sandbox.faults import EngineError, Interrupted
from sandbox.report.console import say
from sandbox.servers import docker, fleet
from sandbox.verbs import begun
from sandbox.verbs.session import Session

if TYPE_CHECKING:
    from sandbox.engine.events import Recorder
    from sandbox.engine.runs import Outcome


def run(
    session: Session, verb: str, engine_verb: "Callable[[Recorder], Outcome]", *, quiet: bool = False
) -> "Recorder":
    """Run the engine once.

    Args:
        session: The session.
        verb: What the user asked for.
        engine_verb: What the engine is to do; given the recorder of its events.
        quiet: Whether to say nothing of single resources, because nothing is made.

    Raises:
        Interrupted: When the user stopped it.
        EngineError: When it failed; says why, and which server died if one did.
    """
    from sandbox.engine.events import Recorder
    from sandbox.report.progress import Progress

    layout = session.layout
    marks.begin(layout, verb)
    marks.remember_worlds(layout, fleet.worlds(layout))
    marks.remember_kinds(layout, session.kinds)
    with Progress() as progress:
        events = _checked(session, verb, engine_verb(Recorder(watcher=None if quiet else progress)))
    marks.finish(layout)
    return events


def plan(session: Session, verb: str) -> "Recorder":
    """Have the engine say what `up` would do; nothing is changed.

    The rules that judge a stack as a whole are asked at the end of a run: here that is before anything is made.

    Raises:
        Interrupted: When the user stopped it.
        EngineError: When the program fails, a policy objects, or pods that keep data would be gone all at once.
    """
    from sandbox.engine.events import Recorder
    from sandbox.report import stateful

    outcome = session.engine.preview(Recorder(), session.layout.root / "policy")
    # Some releases of the plugin refuse it themselves, in words that name no setting; others would do it.
    refused = stateful.refused(outcome.events)
    if refused and not outcome.interrupted:
        raise EngineError("\n".join(refused))
    return _checked(session, verb, outcome)


def _checked(session: Session, verb: str, outcome: "Outcome") -> "Recorder":
    """The events of a run that went well."""
    from sandbox.report.failures import explain

    if outcome.interrupted:
        raise Interrupted(verb)
    if not outcome.succeeded:
        failures = explain(outcome, session.layout)
        dead = fleet.diagnose(session.layout, session.ports)
        if dead:
            dead.append(f"nothing is lost: run make {verb} again, which starts it anew")
        raise EngineError("\n".join([*failures, *dead]))
    return outcome.events


def catch_up(session: Session, verb: str) -> None:
    """Bring the state to what the world is where a run was cut short or a server lost its data."""
    left = state.read(session.layout.engine)
    pending = left.pending
    if session.lost:
        lost = ", ".join(session.lost)
        say(f"the data of {lost} was lost or replaced; comparing the state with the servers")
    elif pending or marks.doubtful(session.layout):
        say(f"the previous run was interrupted during {len(pending)} operations; comparing the state with the servers")
    else:
        return
    read_servers(session, verb)


def read_servers(session: Session, verb: str) -> "Recorder":
    """Refresh the state, and what a run that was killed had begun with it; gives what the engine told."""
    layout, left = session.layout, state.read(session.layout.engine)
    unfinished = marks.unfinished(layout)
    for name in begun.remove_containers(left, docker.reachable(layout, session.settings)) if left.pending else ():
        say(f"container {name} was not finished; it was removed")
    if known := begun.identities(left):
        marks.doubt(layout)
        state.complete(layout.engine, known)
    events = run(session, verb, session.engine.refresh, quiet=True)
    marks.trust(layout)
    if unfinished or left.pending:
        # `up` still has to know that the cluster may have objects which the state does not have.
        marks.begin(layout, verb)
    return events
