"""The release tool on the real engine, the real name server and a real API server; what is asserted is read there."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from settings.values import Slot
from tests.e2e.checkout import Checkout, Done, checkout
from tests.e2e.releases.gateways import Gateways, gateways
from tests.e2e.world import World

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1800)]

STACK = "dev"
SERVICE = "storefront"
NEW = "registry.dev.luxima.local/aceh/storefront@sha256:" + "9" * 64

Release = Callable[..., Done]


def test_from_deploy_to_rollback() -> None:
    with checkout() as copy:
        copy.replace(
            f"Pulumi.{STACK}.yaml", "strategy: rolling\n      storage_user", "strategy: blue_green\n      storage_user"
        )
        copy.commit()
        world = World(copy, STACK)
        copy.succeed("up", "--stack", STACK)
        with gateways(world.settings, copy.temporary / "gateways", lambda slot: routing(world, slot)) as (
            server,
            given,
        ):

            def release(verb: str, *arguments: str, code: int = 0) -> Done:
                options = [] if verb == "history" else given
                done = copy.run("release", "--stack", STACK, "--", verb, SERVICE, *arguments, *options)
                assert done.code == code, str(done)
                return done

            a_dry_run_touches_nothing(copy, world, release)
            the_idle_slot_gets_the_image(copy, world, release)
            a_slot_that_is_not_well_is_not_verified(server, release)
            a_switch_changes_the_record_and_nothing_else(world, release)
            a_rollback_leads_back_and_the_bad_image_stays_away(copy, world, release)
        assert copy.git("status", "--porcelain").split() == ["M", f"releases/{STACK}.yaml"]
        secrets = world.secrets
        for done in copy.runs:
            assert not [name for name, value in secrets.items() if value in done.text], done.arguments


def routing(world: World, slot: Slot) -> str:
    path = f"/api/v1/namespaces/edge/configmaps/gateway-{slot}-routing"
    return str(world.cluster.get(path)["data"]["routing.yaml"])


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
    release("deploy", "--image", NEW)
    (container,) = world.cluster.get("/apis/apps/v1/namespaces/commerce/deployments/storefront-green")["spec"][
        "template"
    ]["spec"]["containers"]
    assert container["image"] == NEW
    assert record(world) == address(world, "blue")
    domain = world.settings.environment.domain
    changed = differences(before, everything(world))
    assert f"storefront-green.{domain} A" in changed
    assert {name for name in changed if "green" not in name} == set()
    found = status(release)
    assert (found["live"], found["slots"]["green"]["standing"], found["situation"]) == ("blue", "candidate", "settled")
    assert "release verify" in found["next"]
    assert len(list((copy.root / ".release" / f"{STACK}.audit").glob("*.row"))) == 2


def a_slot_that_is_not_well_is_not_verified(server: Gateways, release: Release) -> None:
    assert "was not verified" in release("switch", code=1).err
    server.ill.add("green")
    assert "answers 500, not 200; slot green is not well" in release("verify", code=1).err
    assert "was not verified" in release("switch", code=1).err
    server.ill.clear()
    release("verify")


def a_switch_changes_the_record_and_nothing_else(world: World, release: Release) -> None:
    before = everything(world)
    done = release("switch")
    assert record(world) == address(world, "green")
    assert differences(before, everything(world)) == {f"{world.settings.environment.domain} A"}, str(done)
    found = status(release)
    assert (found["live"], found["probation"]["previous"], found["situation"]) == ("green", "blue", "settled")
    assert "on probation" in release("switch", code=1).err


def a_rollback_leads_back_and_the_bad_image_stays_away(copy: Checkout, world: World, release: Release) -> None:
    older = text(copy)
    release("rollback", "--reason", "the shop is empty")
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
