"""Records that do not belong to one service: core hosts, certificates, mail."""

import json
import re
from typing import Any

import pytest

from components.dns import RecordSpec, records
from settings.dns import Dns
from settings.environment import GATEWAY_HOSTS
from tests.recording import STACKS, stack_settings


def changed(stack: str, **edits: Any) -> list[RecordSpec]:
    """Records when `dns` says this in the settings."""
    settings = stack_settings(stack)
    dns = Dns.model_validate_json(json.dumps({**settings.dns.model_dump(mode="json"), **edits}))
    return records(settings.model_copy(update={"dns": dns}))


def with_mail(stack: str, mail: dict[str, Any]) -> dict[tuple[str, str], RecordSpec]:
    """Records by name and type when the settings say this about mail."""
    return {(each.fqdn, each.type): each for each in changed(stack, mail=mail)}


@pytest.mark.parametrize("stack", STACKS)
def test_core_hosts_lead_to_both_gateways(stack: str) -> None:
    settings = stack_settings(stack)
    made = {each.fqdn: each for each in records(settings)}
    gateways = {gateway.address for gateway in settings.edge.gateways.values()}
    assert len(gateways) == 2
    for host in GATEWAY_HOSTS:
        spec = made[f"{host}.{settings.environment.core_domain}"]
        assert (set(spec.values), spec.service, spec.slot) == (gateways, None, None)
    assert settings.environment.grafana_host in made


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_served_elsewhere_leads_where_the_settings_say(stack: str) -> None:
    settings = stack_settings(stack)
    made = {each.fqdn: each.values for each in records(settings)}
    assert made[settings.environment.object_storage_host] == settings.dns.hosts["core"]["object-storage"]
    reached = tuple(gateway.addresses[-1] for gateway in settings.edge.gateways.values())
    assert made[settings.environment.fqdn("supabase")] == reached


def test_a_host_may_be_called_like_what_is_said_about_a_zone() -> None:
    made = changed("prod", hosts={"core": {"mx": ["10.10.30.41"]}}, mail={"core": {"mx": [{"host": "mx.luxima.id"}]}})
    assert {each.type for each in made if "mx.luxima.id" in f"{each.fqdn} {each.values}"} == {"A", "MX"}
    assert len({each.key for each in made}) == len(made)


def test_a_public_zone_says_who_may_issue_certificates_for_it() -> None:
    made = {(each.fqdn, each.type): each for each in records(stack_settings("prod"))}
    for zone in ("acehcommerce.id", "luxima.id"):
        assert set(made[zone, "CAA"].values) == {
            '0 issue "letsencrypt.org; validationmethods=dns-01"',
            '0 issuewild "letsencrypt.org; validationmethods=dns-01"',
            '0 iodef "mailto:alerts@luxima.id"',
        }


def test_a_zone_of_local_names_says_nothing_about_certificates() -> None:
    assert {each.type for each in records(stack_settings("dev"))} == {"A"}


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_is_said_about_mail_unless_asked_for(stack: str) -> None:
    assert not {each.type for each in records(stack_settings(stack))} & {"TXT", "MX"}


def test_what_the_settings_say_about_mail_is_recorded_in_that_zone_alone() -> None:
    mail = {
        "core": {
            "spf": "v=spf1 mx -all",
            "dmarc": "v=DMARC1; p=reject; rua=mailto:alerts@luxima.id",
            "mx": [{"host": "mail.luxima.id"}, {"preference": 20, "host": "mail2.luxima.id"}],
        }
    }
    made = with_mail("prod", mail)
    assert made["luxima.id", "TXT"].values == ('"v=spf1 mx -all"',)
    assert made["_dmarc.luxima.id", "TXT"].values == ('"v=DMARC1; p=reject; rua=mailto:alerts@luxima.id"',)
    assert made["luxima.id", "MX"].values == ("10 mail.luxima.id.", "20 mail2.luxima.id.")
    assert {fqdn for fqdn, kind in made if kind in ("TXT", "MX")} == {"luxima.id", "_dmarc.luxima.id"}


def test_a_text_that_is_too_long_for_one_string_is_several() -> None:
    policy = "v=spf1 " + " ".join(f"ip4:192.0.2.{number}" for number in range(25)) + " -all"
    assert len(policy) > 255
    (value,) = with_mail("prod", {"public": {"spf": policy}})["acehcommerce.id", "TXT"].values
    strings = re.findall('"([^"]*)"', value)
    assert "".join(strings) == policy
    assert [len(string) for string in strings] == [255, len(policy) - 255]
