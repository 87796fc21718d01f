"""The release tool on the real engine, with real gateways and users: what is asserted is what servers and users saw.

The pods of the service and of the gateways are processes of this machine: real Traefik with the platform's documents,
and a small service in the place of the shop.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components.images import TRAEFIK
from settings.values import Slot
from tests.e2e.agent.cluster import program
from tests.e2e.agent.platform import traefik
from tests.e2e.checkout import Checkout, Done, checkout
from tests.e2e.edge.traffic import say
from tests.e2e.releases.users import Users
from tests.e2e.world import World

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800)]

STACK = "dev"
SERVICE = "storefront"
REPOSITORY = "registry.dev.luxima.local/aceh/storefront@sha256:"
ILL, NEW = REPOSITORY + "8" * 64, REPOSITORY + "9" * 64
TTL_SECONDS = 10

Release = Callable[..., Done]


def prepare(copy: Checkout) -> str:
    """Settings of the trial, and the images' programs; gives the image that is live at first."""
    file = f"Pulumi.{STACK}.yaml"
    copy.replace(
        file,
        "strategy: rolling\n      storage_user",
        "strategy: blue_green\n      smoke_paths: [/cart]\n      storage_user",
    )
    copy.replace(file, "switch_ttl_seconds: 30", f"switch_ttl_seconds: {TTL_SECONDS}")
    copy.replace(file, "trusted_networks: [", "trusted_networks: [127.0.0.0/8, ")
    released = yaml.safe_load(text(copy))
    old = str(released["services"][SERVICE]["slots"]["blue"]["image"])
    images = {TRAEFIK: traefik(), old: program(), NEW: program(), ILL: program(FAIL_PERCENT="100")}
    (copy.temporary / "images.json").write_text(json.dumps(images), encoding="utf-8")
    return old


def test_from_deploy_to_rollback() -> None:
    with checkout() as copy:
        old = prepare(copy)
        copy.commit()
        world = World(copy, STACK)
        copy.succeed("up", "--stack", STACK, "--agent", str(copy.temporary / "images.json"))

        def release(verb: str, *arguments: str, code: int = 0) -> Done:
            done = copy.run("release", "--stack", STACK, "--", verb, SERVICE, *arguments)
            assert done.code == code, str(done)
            return done

        with Users(world, copy.sandbox(STACK) / "agent" / "addresses.json") as users:
            a_dry_run_touches_nothing(copy, world, release)
            the_idle_slot_gets_the_image(copy, world, release)
            a_slot_that_is_not_well_is_not_verified(release)
            assert set(users.images) == {old}
            a_switch_changes_the_record_and_nothing_else(world, release, users)
            a_rollback_leads_back_and_the_bad_image_stays_away(copy, world, release, users)
        assert users.failed == []
        assert set(users.images) == {old, NEW}
        say(f"{users.answered} requests answered, {len(users.failed)} failed")
        assert users.answered > 500
        assert copy.git("status", "--porcelain").split() == ["M", f"releases/{STACK}.yaml"]
        secrets = world.secrets
        for done in copy.runs:
            assert not [name for name, value in secrets.items() if value in done.text], done.arguments


def text(copy: Checkout) -> str:
    return (copy.root / "releases" / f"{STACK}.yaml").read_text(encoding="utf-8")


def record(world: World) -> str:
    ((_, address),) = world.names.ask(world.settings.environment.domain)
    return address


def address(world: World, slot: Slot) -> str:
    return world.settings.edge.gateways[slot].address


def everything(world: World) -> dict[str, Any]:
    """What a release could change on the servers."""
    zones = {zone: world.names.records(zone) for zone in world.settings.environment.zones}
    maps = world.cluster.items("/api/v1/namespaces/edge/configmaps")
    return {
        **{name: found for records in zones.values() for name, found in records.items()},
        **world.cluster.versions("commerce"),
        **{
            item["metadata"]["name"]: item["metadata"]["resourceVersion"]
            for item in maps
            if "gateway" in item["metadata"]["name"]
        },
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}


def status(release: Release) -> dict[str, Any]:
    done = release("status", "--json")
    return json.loads(done.out[done.out.index("{") :])["services"][SERVICE]


def a_dry_run_touches_nothing(copy: Checkout, world: World, release: Release) -> None:
    before, file = everything(world), text(copy)
    done = release("deploy", "--image", NEW, "--dry-run")
    assert f"+        image: {NEW}" in done.out
    assert "engine: create service-storefront-green-deployment" in done.out
    assert (text(copy), everything(world)) == (file, before)


def the_idle_slot_gets_the_image(copy: Checkout, world: World, release: Release) -> None:
    before = everything(world)
    release("deploy", "--image", ILL)
    (container,) = world.cluster.get("/apis/apps/v1/namespaces/commerce/deployments/storefront-green")["spec"][
        "template"
    ]["spec"]["containers"]
    assert container["image"] == ILL
    assert record(world) == address(world, "blue")
    domain = world.settings.environment.domain
    changed = differences(before, everything(world))
    assert f"storefront-green.{domain} A" in changed
    assert {name for name in changed if "green" not in name} == set()
    found = status(release)
    assert (found["live"], found["slots"]["green"]["standing"], found["situation"]) == ("blue", "candidate", "settled")
    assert "release verify" in found["next"]
    assert len(list((copy.root / ".release" / f"{STACK}.audit").glob("*.row"))) == 2


def a_slot_that_is_not_well_is_not_verified(release: Release) -> None:
    assert "was not verified" in release("switch", code=1).err
    assert "answers 500, not 200; slot green is not well" in release("verify", code=1).err
    assert "was not verified" in release("switch", code=1).err
    release("deploy", "--image", NEW)
    release("verify")


def a_switch_changes_the_record_and_nothing_else(world: World, release: Release, users: Users) -> None:
    before = everything(world)
    begun = time.monotonic()
    done = release("switch")
    assert record(world) == address(world, "green")
    assert differences(before, everything(world)) == {f"{world.settings.environment.domain} A"}, str(done)
    found = status(release)
    assert (found["live"], found["probation"]["previous"], found["situation"]) == ("green", "blue", "settled")
    seconds = users.led_over("green")
    say(f"switch: the record after {users.switches[-1][0] - begun:.1f} s, the last user {seconds:.1f} s after it")
    assert seconds < TTL_SECONDS + 10
    assert "on probation" in release("switch", code=1).err


def a_rollback_leads_back_and_the_bad_image_stays_away(
    copy: Checkout, world: World, release: Release, users: Users
) -> None:
    older = text(copy)
    begun = time.monotonic()
    release("rollback", "--reason", "the shop is empty")
    seconds = users.led_over("blue")
    say(f"rollback: the record after {users.switches[-1][0] - begun:.1f} s, the last user {seconds:.1f} s after it")
    assert seconds < TTL_SECONDS + 10
    assert record(world) == address(world, "blue")
    found = status(release)
    assert (found["live"], found["rejected"], found["probation"]) == ("blue", [NEW], None)
    assert "nothing to do" in release("rollback").out
    assert "was rolled back" in release("deploy", "--image", NEW, code=1).err
    # A checkout from before the rollback would lead users to the bad image again.
    path = copy.root / "releases" / f"{STACK}.yaml"
    newer = text(copy)
    path.write_text(older, encoding="utf-8")
    done = copy.run("up", "--stack", STACK)
    assert done.code == 1
    assert "the checkout is older than the last release or rollback" in done.text
    assert record(world) == address(world, "blue")
    path.write_text(newer, encoding="utf-8")
