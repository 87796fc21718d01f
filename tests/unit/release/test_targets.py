"""Which resources a step may touch: by name and type, and never a neighbour with a name that begins alike."""

from pathlib import Path

import pytest

from release import resources
from release.pulumi_engine.stack import LEDGER, RECORD
from release.pulumi_engine.targets import Change, objections, short
from tests.unit.release.outside import image
from tests.unit.release.world import world

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def change(name: str, token: str = DEPLOYMENT, op: str = "update", *keys: str) -> Change:
    return Change(f"urn:pulumi:dev::luxima::luxima:services:Service${token}::{name}", op, token, keys)


def test_a_switch_may_change_the_address_of_one_record() -> None:
    targets = [resources.public_record("storefront"), resources.ledger()]
    record, ledger = (
        change("dns-public-service-storefront", RECORD, "update", "records"),
        change("release-ledger", LEDGER),
    )
    assert objections([record, ledger], targets) == []
    for beside in (
        change("dns-public-service-storefront", RECORD, "update", "records", "ttl"),
        change("dns-public-service-storefront", RECORD, "replace", "name"),
        change("dns-public-service-storefront", RECORD, "delete"),
        change("dns-public-service-storefront-green", RECORD, "update", "records"),
        change("dns-public-service-admin", RECORD, "update", "records"),
        change("dns-public-service-storefront", DEPLOYMENT, "update"),
        change("release-ledger", LEDGER, "delete"),
    ):
        assert objections([record, ledger, beside], targets) == [beside]


def test_what_stays_and_what_is_the_engines_own_is_no_objection() -> None:
    quiet = [
        change("anything", op="same"),
        change("anything", op="read"),
        change("anything", op="refresh"),
        change("luxima-dev", "pulumi:pulumi:Stack"),
        change("kubernetes", "pulumi:providers:kubernetes"),
    ]
    assert objections(quiet, []) == []


def test_a_slot_is_not_a_service_that_is_called_like_it(tmp_path: Path) -> None:
    settings = world(tmp_path).settings
    alike = settings.services["storefront"]
    settings = settings.model_copy(update={"services": {**settings.services, "storefront-green-2": alike}})
    green = resources.slot_of(settings, "storefront", "green")
    assert objections([change("service-storefront-green"), change("service-storefront-green-deployment")], green) == []
    for foreign in ("service-storefront-green-2", "service-storefront-green-2-blue-deployment", "service-storefront"):
        assert objections([change(foreign)], green) != []


@pytest.mark.parametrize(("live", "allowed"), [(True, False), (False, True)])
def test_nothing_is_taken_away_from_the_live_slot(live: bool, allowed: bool, tmp_path: Path) -> None:
    targets = resources.slot_of(world(tmp_path).settings, "storefront", "blue", live=live)
    gone = change("service-storefront-blue-deployment", op="replace")
    assert (objections([gone], targets) == []) is allowed


def test_an_image_is_told_by_its_name_and_the_beginning_of_its_digest() -> None:
    assert short(image(255)) == "storefront@000000000000"
    assert short("nginx") == "nginx"
