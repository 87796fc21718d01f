"""The records of a stack, from its settings alone (the DNS server is asked in tests/e2e)."""

import pytest

from components.dns import records
from settings.releases import Releases
from tests.recording import STACKS, stack_settings


@pytest.mark.parametrize("stack", STACKS)
def test_every_record_lies_in_a_zone_of_the_stack_and_has_its_own_key(stack: str) -> None:
    settings = stack_settings(stack)
    made = records(settings)
    assert len({each.key for each in made}) == len(made)
    assert len({(each.fqdn, each.type) for each in made}) == len(made)
    for each in made:
        assert each.zone in settings.environment.zones
        assert each.fqdn == each.zone or each.fqdn.endswith(f".{each.zone}")


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_switch_changes_is_forgotten_soon(stack: str) -> None:
    settings = stack_settings(stack)
    switched = [each for each in records(settings) if each.service is not None]
    assert switched
    assert {each.ttl for each in switched} == {settings.dns.switch_ttl_seconds}


def test_the_public_name_leads_to_the_live_slots_gateway() -> None:
    settings = stack_settings("prod")
    digest = "registry.luxima.id/aceh/storefront@sha256:" + "b" * 64
    release = {"live": "green", "slots": {"blue": {"image": digest}, "green": {"image": digest}}}
    releases = Releases.model_validate({"services": {"storefront": release}})
    found = records(settings.model_copy(update={"releases": releases}))
    made = {each.fqdn: each for each in found if each.type == "A"}
    assert made["acehcommerce.id"].values == (settings.edge.gateways["green"].public_address,)
    assert made["storefront-blue.acehcommerce.id"].values == (settings.edge.gateways["blue"].address,)
