"""A small world for the release tool: gateways, name servers, an engine; every step of it can be the last one.

Users are looked at after each step, those who honour the record and those who never ask for it again.
"""

import tempfile
from functools import cache
from pathlib import Path

from release.context import Context
from release.state import ReleaseFile
from settings import Settings
from tests.unit.release.outside import SERVICE, SLOTS, Outside, image
from tests.unit.release.stand_ins import Engine, Gateways, History, Names, Notifier
from tests.unit.settings.stacks import Checkout

_FIRST = """\
# What runs in which slot.
revision: 7
services:
  storefront:
    live: blue
    slots:
      blue:
        image: {image}
        standing: verified
      green: null
"""


class World(Outside):
    """What is outside, as the release tool is given it."""

    def context(self, *, dry_run: bool = False) -> Context:
        return Context(
            stack="prod",
            settings=self.settings,
            file=ReleaseFile(self.root, "prod"),
            engine=Engine(self),
            names=Names(self),
            gateways=Gateways(self),
            notifier=Notifier(self),
            history=History(self),
            clock=lambda: self.now,
            say=self.said.append,
            look=lambda _look: None,
            step=self.begins,
            dry_run=dry_run,
        )


@cache
def _settings(strategy: str) -> Settings:
    with tempfile.TemporaryDirectory() as folder:
        return Checkout(Path(folder), "prod").load({f"services.{SERVICE}.strategy": strategy})


def world(folder: Path, strategy: str = "blue_green") -> World:
    """A stack with the storefront's first image in slot blue."""
    file = folder / "releases" / "prod.yaml"
    file.parent.mkdir()
    file.write_text(_FIRST.format(image=image(0)), encoding="utf-8")
    releases = ReleaseFile(folder, "prod").read().releases
    settings = _settings(strategy).model_copy(update={"releases": releases})
    made = World(folder, settings, seen=7, well={image(0)})
    fqdn = settings.service_fqdn(SERVICE)
    made.records[fqdn] = made.made[fqdn] = made.address("blue")
    made.pods[SERVICE, "blue"] = image(0)
    made.routing = dict.fromkeys(SLOTS, releases)
    made.versions.append(("first", releases))
    return made
