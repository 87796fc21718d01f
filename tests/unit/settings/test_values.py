"""Kinds of text: what is accepted, for as many inputs as there are."""

import ipaddress
import re
import string
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from settings import values
from settings.compute import BridgeName, Certificate, PoolName, PublicKey, Sha512, StorageId, UserName
from settings.dns import Dmarc, KeyName, Spf
from settings.observability.alerts import Channel, Chat
from settings.releases import Image
from settings.services import Host, MetricsPath, ServiceName
from settings.storage import AccessKey, BucketPart, Region

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
ANYTHING = st.text(st.sampled_from(string.ascii_letters + string.digits + ".-_:/@ \n"), max_size=30)


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


def accepts(kind: Any, text: str) -> bool:
    try:
        _adapter(kind).validate_python(text, strict=True)
    except ValidationError:
        return False
    return True


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_is_one(address: ipaddress.IPv4Address) -> None:
    assert accepts(values.Address, str(address))


@given(ANYTHING | st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,4}){2,4}", fullmatch=True))
@example("10.10.10.010")
@example("10.10.10.256")
@example("10.10.10.1\n")
@example("::1")
def test_nothing_else_is_an_address(text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        assert not accepts(values.Address, text)
    else:
        assert accepts(values.Address, text)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_network_has_no_host_bits(address: ipaddress.IPv4Address, length: int) -> None:
    network = ipaddress.IPv4Network((address, length), strict=False)
    assert accepts(values.Network, str(network))
    assert accepts(values.Network, f"{address}/{length}") == (address == network.network_address)
    assert not accepts(values.Network, str(address))
    assert not accepts(values.Network, f"{network.network_address}/{network.netmask}")


@given(st.lists(LABELS, min_size=2, max_size=4))
def test_labels_make_a_domain(labels: list[str]) -> None:
    domain = ".".join(labels)
    right = len(domain) <= 253 and not labels[-1].isdigit()
    assert accepts(values.Domain, domain) == right
    assert not accepts(values.Domain, f"{domain}.")
    assert not accepts(values.Domain, f".{domain}")
    assert not accepts(values.Domain, f"{domain}-")
    assert not accepts(values.Domain, domain.upper()) or domain == domain.upper()


@given(ANYTHING)
def test_a_domain_keeps_to_rfc_1035(text: str) -> None:
    if accepts(values.Domain, text):
        labels = text.split(".")
        assert len(labels) >= 2
        assert all(re.fullmatch(r"[a-z0-9-]{1,63}", label) and label.strip("-") == label for label in labels)
        assert len(text) <= 253


def test_the_length_of_a_domain() -> None:
    longest = ".".join([63 * "a"] * 3 + [61 * "a"])
    assert len(longest) == 253
    assert accepts(values.Domain, longest)
    assert not accepts(values.Domain, f"{longest}a")
    assert accepts(values.Label, 63 * "a")
    assert not accepts(values.Label, 64 * "a")


@given(st.integers(-10, 70_000))
@example(0)
@example(65_535)
@example(65_536)
def test_a_port_of_an_endpoint(port: int) -> None:
    assert accepts(values.Endpoint, f"object-storage.luxima.id:{port}") == (1 <= port <= 65_535)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            values.Domain,
            ["aceh.id"],
            ["no domain", "localhost", "a..b", "1.2.3.4", "-a.id", "Aceh.id", "aceh.id.", "a_b.id"],
        ),
        (
            values.HttpsUrl,
            ["https://pve.luxima.id:8006/", "https://10.0.0.1/a?b=c", "https://pve.luxima.id"],
            [
                "http://pve.luxima.id/",
                "https://",
                "https:///path",
                "https://root:x@pve.luxima.id/",
                "https://pve:99999/",
                "https://pve.luxima.id:0/",
                "https://a b/",
                "https://-a.id/",
                "https://[::1/",
            ],
        ),
        (values.Endpoint, ["127.0.0.1:9000", "a.b:1"], ["a.b", "a.b:", ":9000", "a:b:1", "-a.id:1", "https://a.b:1"]),
        (values.Email, ["alerts@luxima.id", "a.b+c@x.co"], ["alerts", "@luxima.id", "a@id", "a@b@c.id", "a b@c.id"]),
        (values.UrlPath, ["/", "/healthz", "/a/b.c"], ["healthz", "/a?b", "/a b", ""]),
        (PoolName, ["luxima-dev"], ["", "luxima dev", "-a"]),
        (StorageId, ["local-lvm", "ab"], ["1a", "a-", "a"]),
        (BridgeName, ["vmbr0"], ["", 16 * "a", "0br"]),
        (UserName, ["luxima", "_a"], ["Luxima", "1a", 33 * "a"]),
        (
            PublicKey,
            [f"ssh-ed25519 {68 * 'A'}", f"ssh-rsa {40 * 'A'}== me@home"],
            ["ssh-ed25519", f"ssh-dss {68 * 'A'}", "-----BEGIN OPENSSH PRIVATE KEY-----", f"ssh-ed25519 {68 * 'A'}\n"],
        ),
        (Sha512, [128 * "a"], [127 * "a", 128 * "A", 128 * "g"]),
        (
            Certificate,
            ["-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n"],
            [
                "MIIB",
                "-----BEGIN CERTIFICATE-----\nMIIB\n",
                "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
            ],
        ),
        (
            Spf,
            ["v=spf1", "v=spf1 -all", "v=spf1 include:_spf.luxima.id ip4:192.0.2.0/24 ~all"],
            ["", "-all", "v=spf1-all", "v=spf2 -all", 'v=spf1 "-all"', "v=spf1 \\", "v=spf1 ", f"v=spf1 {401 * 'a'}"],
        ),
        (
            Dmarc,
            ["v=DMARC1; p=none", "v=DMARC1;p=reject", "v=DMARC1; p=quarantine; rua=mailto:a@luxima.id"],
            ["p=reject", "v=DMARC1", "v=DMARC1; p=deny", "v=DMARC1; p=rejected", 'v=DMARC1; p=none; rua="a"'],
        ),
        (KeyName, ["luxima-dev", "a.b"], ["a.", "A", "a b"]),
        (Channel, ["#alerts"], ["alerts", "#Alerts", "#", f"#{80 * 'a'}"]),
        (Chat, ["123456", "-1001234567890"], ["luxima", "@luxima_deploys", "--1", ""]),
        (Host, ["@", "admin"], ["", "a.b", "*", "-a", "@@"]),
        (ServiceName, ["storefront", "a1-b"], ["1a", "a-", "Admin", 51 * "a"]),
        (MetricsPath, ["/metrics", "/actuator/prometheus"], ["metrics", "/", "/metrics/", "/metrics/all", "/figures"]),
        (AccessKey, ["luxima-root", "abc"], ["ab", 21 * "a", "a b"]),
        (BucketPart, ["logs-archive", "1a"], ["Logs", "a_b", "-a", "a.b", ""]),
        (Region, ["us-east-1", "id"], ["US", "us--east", "-us"]),
        (
            Image,
            [f"registry.luxima.id/aceh/storefront@sha256:{64 * '0'}", f"r:5000/a/b_c.d@sha256:{64 * 'f'}"],
            [
                "registry.luxima.id/aceh/storefront:latest",
                "registry.luxima.id/aceh/storefront",
                f"storefront@sha256:{64 * '0'}",
                f"registry.luxima.id/aceh/storefront@sha256:{63 * '0'}",
                f"registry.luxima.id/aceh/storefront@sha256:{64 * 'A'}",
                f"registry.luxima.id/aceh/storefront:v1@sha256:{64 * '0'}",
                f"registry.luxima.id/Aceh@sha256:{64 * '0'}",
                f"registry.luxima.id/aceh@sha512:{64 * '0'}",
            ],
        ),
    ],
)
def test_forms(kind: Any, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not accepts(kind, text)] == []
    assert [text for text in bad if accepts(kind, text)] == []
