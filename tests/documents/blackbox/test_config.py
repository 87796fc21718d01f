"""blackbox.yml, without the exporter: keys and values against a list kept by hand from its documented configuration."""

import re
from typing import Any, Final

import pytest
import yaml

from components.observability import blackbox
from tests.recording import STACKS, stack_settings

HTTP: Final = {
    "method", "valid_status_codes", "follow_redirects", "fail_if_ssl", "fail_if_not_ssl", "tls_config",
    "fail_if_header_not_matches", "preferred_ip_protocol", "ip_protocol_fallback",
}  # fmt: skip
DNS: Final = {
    "transport_protocol", "preferred_ip_protocol", "ip_protocol_fallback", "query_name", "query_type",
    "recursion_desired", "valid_rcodes", "validate_answer_rrs",
}  # fmt: skip


TCP: Final = {"preferred_ip_protocol", "ip_protocol_fallback", "tls", "tls_config"}


def _modules(stack: str) -> dict[str, Any]:
    return yaml.load(blackbox.documents(stack_settings(stack))["blackbox.yml"], yaml.CSafeLoader)["modules"]


@pytest.mark.parametrize("stack", STACKS)
def test_its_keys_are_documented_ones_by_a_hand_kept_list_not_by_the_exporter(stack: str) -> None:
    for name, module in {**_modules(stack), **blackbox.outside()["modules"]}.items():
        prober = module["prober"]
        assert set(module) == {"prober", "timeout", prober}, name
        assert set(module[prober]) <= {"http": HTTP, "dns": DNS, "tcp": TCP}[prober], name


@pytest.mark.parametrize("stack", STACKS)
def test_a_certificate_has_to_be_valid(stack: str) -> None:
    http = _modules(stack)["http_2xx"]["http"]
    assert http["fail_if_not_ssl"] is True
    tcp = _modules(stack)["core"]["tcp"]
    assert tcp["tls"] is True
    for given in (http, tcp):
        assert given["tls_config"]["insecure_skip_verify"] is False


@pytest.mark.parametrize("stack", STACKS)
def test_plain_http_has_to_redirect(stack: str) -> None:
    http = _modules(stack)["http_redirect"]["http"]
    assert http["follow_redirects"] is False
    assert set(http["valid_status_codes"]) == {301, 302, 307, 308}
    (header,) = http["fail_if_header_not_matches"]
    assert re.match(header["regexp"], "https://api.acehcommerce.id/")
    assert not re.match(header["regexp"], "http://api.acehcommerce.id/")


@pytest.mark.parametrize("stack", STACKS)
def test_every_public_name_and_zone_is_asked_for(stack: str) -> None:
    settings = stack_settings(stack)
    asked = {
        (module["dns"]["query_name"], module["dns"]["query_type"])
        for module in _modules(stack).values()
        if module["prober"] == "dns"
    }
    names = {(settings.service_fqdn(service), "A") for service in settings.services}
    environment = settings.environment
    elsewhere = {environment.fqdn("supabase"), environment.registry_host, environment.object_storage_host}
    names |= {(name, "A") for name in elsewhere}
    assert asked == names | {(zone, "SOA") for zone in settings.environment.zones}


def test_an_answer_for_another_name_is_none() -> None:
    (pattern,) = _modules("prod")["dns_name_api"]["dns"]["validate_answer_rrs"]["fail_if_none_matches_regexp"]
    assert re.search(pattern, "api.acehcommerce.id.\t30\tIN\tA\t10.10.30.61")
    assert not re.search(pattern, "api.acehcommerce.id.\t30\tIN\tCNAME\tx.")
    assert not re.search(pattern, "apiXacehcommerce.id.\t30\tIN\tA\t10.10.30.61")
