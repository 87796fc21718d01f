"""blackbox.yml: how the public names are looked at from outside of the services (SEC-1, MON-2).

| module | target | good when |
|---|---|---|
| `http_2xx` | URL with https | answered with 2xx within 10 s, certificate valid for the name |
| `http_redirect` | URL with http | answered with a redirect to https (SEC-1: plain HTTP only redirects) |
| `core` | gateway | a TLS connection with a certificate valid for the core zone; what is behind it is not asked |
| `object_storage` | object storage | the same, valid for its own name |
| `dns_public`, `dns_core` | name server | answers for the zone's SOA with authority |
| `dns_name_<service>` | name server | answers with an address for the service's public name |
| `dns_host_<zone>_<name>` | name server | answers with an address for a name that leads to no slot |
| `live_<service>_<slot>` | name server | answers with the address of that slot's gateway: users reach this slot |

Inside of the cluster a node answers for a virtual address that nobody announces any more. So one more runs on each
Docker host, with a document of its own: `address` is good when the target takes a TCP connection.
"""

import re
from typing import Any, Final

from components.kubernetes import authority_path
from settings import Settings

TIMEOUT: Final = "10s"
"""Longer than Prometheus waits never helps; it gives a probe the scrape's timeout less half a second."""
ZONES: Final = ("public", "core")
"""Names of `environment.zones` in a module's name."""


def config(settings: Settings) -> dict[str, Any]:
    """blackbox.yml."""
    modules: dict[str, Any] = {
        "http_2xx": {
            "prober": "http",
            "timeout": TIMEOUT,
            "http": {
                "method": "GET",
                "valid_status_codes": [],
                "follow_redirects": True,
                "fail_if_not_ssl": True,
                "preferred_ip_protocol": "ip4",
                "ip_protocol_fallback": False,
                "tls_config": _tls(settings),
            },
        },
        "http_redirect": {
            "prober": "http",
            "timeout": TIMEOUT,
            "http": {
                "method": "GET",
                "valid_status_codes": [301, 302, 307, 308],
                "follow_redirects": False,
                "fail_if_ssl": True,
                "fail_if_header_not_matches": [{"header": "Location", "regexp": "^https://"}],
                "preferred_ip_protocol": "ip4",
                "ip_protocol_fallback": False,
            },
        },
    }
    named = {"core": settings.environment.grafana_host}
    named |= {"object_storage": settings.storage.endpoint.rpartition(":")[0]}
    for module, name in named.items():
        modules[module] = {
            "prober": "tcp",
            "timeout": TIMEOUT,
            "tcp": {
                "preferred_ip_protocol": "ip4",
                "ip_protocol_fallback": False,
                "tls": True,
                "tls_config": {**_tls(settings), "server_name": name},
            },
        }
    for part, zone in zip(ZONES, settings.environment.zones, strict=True):
        modules[f"dns_{part}"] = _dns(zone, "SOA")
    modules |= {f"dns_host_{key}": _dns(name, "A") for key, name in settings.looked_up.items()}
    for service in sorted(settings.services):
        name = settings.service_fqdn(service)
        modules[f"dns_name_{service}"] = _dns(name, "A")
        for slot in settings.edge.gateways:
            modules[f"live_{service}_{slot}"] = _dns(
                name, "A", rf"{re.escape(settings.public_address(service, slot))}$"
            )
    return {"modules": modules}


def outside() -> dict[str, Any]:
    """blackbox.yml of a Docker host."""
    tcp = {"preferred_ip_protocol": "ip4", "ip_protocol_fallback": False}
    return {"modules": {"address": {"prober": "tcp", "timeout": "5s", "tcp": tcp}}}


def _tls(settings: Settings) -> dict[str, Any]:
    trusted = authority_path(settings)
    own = {} if trusted is None else {"ca_file": trusted}
    return {"insecure_skip_verify": False, "min_version": "TLS12", **own}


def _dns(name: str, kind: str, value: str = "") -> dict[str, Any]:
    """A question to an authoritative name server, which has to know the answer itself; `value` is a pattern of it."""
    return {
        "prober": "dns",
        "timeout": "5s",
        "dns": {
            "transport_protocol": "udp",
            "preferred_ip_protocol": "ip4",
            "ip_protocol_fallback": False,
            "query_name": name,
            "query_type": kind,
            "recursion_desired": False,
            "valid_rcodes": ["NOERROR"],
            "validate_answer_rrs": {"fail_if_none_matches_regexp": [rf"^{re.escape(name)}\.\s.*\s{kind}\s{value}"]},
        },
    }
