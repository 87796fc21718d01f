"""A stack with real gateways and users, and the release tool that is tried on it.

The stack runs on a real node: real Traefik with the platform's documents, and the example service in the place of the
shop.
"""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import yaml

from settings.values import Slot
from tests.e2e.checkout import LONGEST, Checkout, Done, checkout
from tests.e2e.node.inside import not_ready
from tests.e2e.releases.users import Users
from tests.e2e.world import World
from tests.waiting import wait_for

STACK: Final = "dev"
SERVICE: Final = "storefront"
REPOSITORY: Final = "registry.dev.luxima.local/aceh/storefront@sha256:"
TTL_SECONDS: Final = 10
_START_SECONDS: Final = 600


@dataclass(frozen=True)
class Trial:
    """The stack, its users, and the tool."""

    copy: Checkout
    world: World
    old: str
    """The image that is live at first."""

    def release(self, verb: str, *arguments: str, code: int = 0, seconds: float = LONGEST) -> Done:
        """Run a verb for the service; it ends with that code, in that time."""
        done = self.copy.run("release", "--stack", STACK, "--", verb, SERVICE, *arguments, seconds=seconds)
        assert done.code == code, str(done)
        return done

    def status(self) -> dict[str, Any]:
        """What `release status` says of the service."""
        done = self.release("status", "--json")
        return json.loads(done.out[done.out.index("{") :])["services"][SERVICE]

    def users(self) -> Users:
        """Users of the service, once entered."""
        return Users(self.world)

    @property
    def text(self) -> str:
        """The release file."""
        return (self.copy.root / "releases" / f"{STACK}.yaml").read_text(encoding="utf-8")

    @property
    def record(self) -> str:
        """Where the name server leads users."""
        ((_, address),) = self.world.names.ask(self.world.settings.environment.domain)
        return address

    def address(self, slot: Slot) -> str:
        """Of a slot's gateway."""
        return self.world.settings.edge.gateways[slot].addresses[-1]

    def everything(self) -> dict[str, Any]:
        """What a release could change on the servers."""
        zones = {zone: self.world.names.records(zone) for zone in self.world.settings.environment.zones}
        maps = self.world.cluster.items("/api/v1/namespaces/edge/configmaps")
        return {
            **{name: found for records in zones.values() for name, found in records.items()},
            **self.world.cluster.versions("commerce"),
            **{
                item["metadata"]["name"]: item["metadata"]["resourceVersion"]
                for item in maps
                if "gateway" in item["metadata"]["name"]
            },
        }

    def changed(self, before: dict[str, Any]) -> set[str]:
        """Names of what is another now than it was."""
        after = self.everything()
        return {name for name in before | after if before.get(name) != after.get(name)}

    def says_no_secret(self) -> None:
        """No command said one."""
        secrets = self.world.secrets
        for done in self.copy.runs:
            assert not [name for name, value in secrets.items() if value in done.text], done.arguments


@contextmanager
def trial(strategy: str, images: Mapping[str, Mapping[str, str]]) -> Generator[Trial]:
    """Bring the stack up; `images` says how those that are going to be released behave."""
    with checkout(node="real") as copy:
        copy.replace(
            f"services/{STACK}.yaml",
            "strategy: rolling\n  storage_user",
            f"strategy: {strategy}\n  smoke_paths: [/cart]\n  rolling: {{min_ready_seconds: 1}}\n  storage_user",
        )
        file = f"Pulumi.{STACK}.yaml"
        copy.replace(file, "switch_ttl_seconds: 30", f"switch_ttl_seconds: {TTL_SECONDS}")
        # A real log agent: of the other one there is only a stand-in here.
        copy.replace(file, "agent: alloy", "agent: promtail")
        released = yaml.load((copy.root / "releases" / f"{STACK}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
        old = str(released["services"][SERVICE]["slots"]["blue"]["image"])
        (copy.temporary / "images.json").write_text(json.dumps(images), encoding="utf-8")
        copy.commit()
        copy.succeed("up", "--stack", STACK, "--images", str(copy.temporary / "images.json"), "--state-at-end")
        made = Trial(copy, World(copy, STACK), old)
        wait_for(lambda: not_ready(made.world) == [], "every pod is ready", _START_SECONDS)
        yield made
