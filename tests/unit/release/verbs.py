"""The verbs of a release as tests act them, and a world in which some were acted before."""

from collections.abc import Callable, Sequence
from pathlib import Path

from release.context import Context
from release.flows import candidate, deploy, probation, rollback, switch, verify
from tests.unit.release.outside import SERVICE, image
from tests.unit.release.world import World, world

Act = Callable[[Context], None]


def deployed(number: int) -> Act:
    return lambda context: deploy.deploy(context, SERVICE, image(number))


def verified(context: Context) -> None:
    verify.verify(context, SERVICE)


def switched(context: Context) -> None:
    switch.switch(context, SERVICE)


def rolled_back(context: Context) -> None:
    rollback.rollback(context, SERVICE)


def trusted(context: Context) -> None:
    probation.trust(context, SERVICE)


RELEASE: Sequence[Act] = (deployed(1), verified, switched)
VERBS: dict[str, tuple[str, Sequence[Act], Act]] = {
    "deploy": ("blue_green", (), deployed(1)),
    "deploy over a verified slot": ("blue_green", (deployed(1), verified), deployed(2)),
    "deploy after a rollback": ("blue_green", (*RELEASE, rolled_back), deployed(2)),
    "verify": ("blue_green", (deployed(1),), verified),
    "switch": ("blue_green", (deployed(1), verified), switched),
    "switch back in the next release": ("blue_green", (*RELEASE, trusted, deployed(2), verified), switched),
    "rollback": ("blue_green", RELEASE, rolled_back),
    "rollback after the probation": ("blue_green", (*RELEASE, trusted), rolled_back),
    "trust": ("blue_green", RELEASE, trusted),
    "rolling deploy": ("rolling", (), deployed(1)),
    "rolling rollback": ("rolling", (deployed(1),), rolled_back),
    "canary": ("canary", (), deployed(1)),
    "canary share": ("canary", (deployed(1),), lambda context: candidate.weigh(context, SERVICE, "canary", 10)),
    "canary removal": (
        "canary",
        (deployed(1), lambda context: candidate.weigh(context, SERVICE, "canary", 10)),
        lambda context: candidate.remove(context, SERVICE, "canary"),
    ),
    "canary promotion": (
        "canary",
        (deployed(1), lambda context: candidate.weigh(context, SERVICE, "canary", 60)),
        lambda context: candidate.promote(context, SERVICE, "canary"),
    ),
    "shadow": ("shadow", (), deployed(1)),
    "shadow share": ("shadow", (deployed(1),), lambda context: candidate.weigh(context, SERVICE, "shadow", 100)),
}


def prepared(folder: Path, strategy: str, before: Sequence[Act]) -> World:
    made = world(folder, strategy)
    for act in before:
        act(made.context())
    made.steps.clear()
    made.rows.clear()
    made.told.clear()
    return made
