"""Cases for the rules on addresses, networks and keys of name servers."""

from settings.rules import addresses
from tests.unit.settings.rule_cases.case import EXISTING, Case, value

VM = "compute.vms.docker-1"

CASES = [
    value(
        addresses.unique_addresses,
        f"{VM}.address",
        "10.10.10.31",
        "10.10.10.31 is the address of compute.vms.k3s-agent-1.address already",
        "10.10.10.32",
    ),
    *(
        value(addresses.unique_addresses, path, taken, f"{taken} is the address of {owner} already", "10.10.10.200")
        for path, taken, owner in (
            ("compute.nodes.pve1.address", "10.10.10.1", "compute.network.gateway"),
            (f"{VM}.address", "10.10.10.11", "compute.nodes.pve1.address"),
            ("compute.containers.ns1.address", "10.10.10.41", "compute.vms.docker-1.address"),
            ("kubernetes.api_address", "10.10.10.53", "compute.containers.ns1.address"),
            ("edge.gateways.blue.address", "10.10.10.20", "kubernetes.api_address"),
            ("edge.gateways.green.address", "10.10.10.61", "edge.gateways.blue.address"),
        )
    ),
    *(
        value(addresses.inside_network, path, outside, f"{outside} {words}", "10.10.10.254")
        for path, outside, words in (
            (f"{VM}.address", "10.10.11.41", "is not in compute.network.cidr; give an address in 10.10.10.0/24"),
            ("compute.containers.ns1.address", "10.10.9.255", "is not in compute.network.cidr"),
            ("compute.network.gateway", "10.10.10.0", "is the network's own or its broadcast address"),
            ("kubernetes.api_address", "10.10.10.255", "is the network's own or its broadcast address"),
            ("edge.gateways.green.address", "192.168.0.1", "is not in compute.network.cidr"),
        )
    ),
    Case(
        addresses.inside_network,
        {**EXISTING, f"{VM}.address": "172.16.0.9"},
        "is not in compute.network.cidr",
        {
            **EXISTING,
            "kubernetes.api_address": "172.16.0.1",
            "edge.gateways.blue.address": "172.16.0.2",
            "compute.nodes.pve1.address": "192.168.1.1",
        },
    ),
    *(
        Case(addresses.public_gateways, edits, words, right, at="edge.gateways.blue.public_address", stack=stack)
        for stack, edits, words, right in (
            (
                "dev",
                {"edge.gateways.blue.public_address": "10.10.10.99"},
                "10.10.10.99 is in compute.network.cidr; leave it out, or give the address outside of the NAT",
                {"edge.gateways.blue.public_address": "192.168.7.7"},
            ),
            (
                "prod",
                {"edge.gateways.blue.public_address": None},
                "is missing, and 10.10.30.61 is not reached from the internet; give the gateway's address there",
                {"edge.gateways.blue.public_address": "198.51.100.7"},
            ),
            *(
                (
                    "prod",
                    {"edge.gateways.blue.public_address": private},
                    f"{private} is not reached from the internet",
                    {"edge.gateways.blue.public_address": "198.51.100.7"},
                )
                for private in ("10.1.2.3", "172.31.0.1", "192.168.1.1", "100.127.0.1", "169.254.1.1", "127.0.0.1")
            ),
        )
    ),
    Case(
        addresses.separate_networks,
        {"kubernetes.pod_cidr": "10.0.0.0/8", "kubernetes.service_cidr": "172.16.0.0/16"},
        "10.0.0.0/8 overlaps with compute.network.cidr, 10.10.10.0/24",
        {"kubernetes.pod_cidr": "10.10.8.0/23"},
        at="kubernetes.pod_cidr",
    ),
    value(
        addresses.separate_networks,
        "kubernetes.service_cidr",
        "10.42.255.0/24",
        "10.42.255.0/24 overlaps with kubernetes.pod_cidr, 10.42.0.0/16",
        "10.43.0.0/24",
    ),
    Case(
        addresses.name_servers,
        {"dns.servers": [{"address": "10.10.10.53"}, {"address": "10.10.10.53", "port": 53}]},
        "is the same as dns.servers[0]",
        {"dns.servers": [{"address": "10.10.10.53"}, {"address": "10.10.10.53", "port": 5353}]},
        at="dns.servers[1]",
    ),
    Case(
        addresses.trusted_networks,
        {"edge.trusted_networks": ["10.10.10.0/24", "0.0.0.0/0"]},
        "0.0.0.0/0 is the whole internet; give only networks of people that you know",
        {"edge.trusted_networks": ["10.0.0.0/8"]},
        at="edge.trusted_networks[1]",
    ),
    Case(
        addresses.trusted_networks,
        {"compute.firewall.management_networks": ["0.0.0.0/1"]},
        "is the whole internet; give only networks of people that you know",
        {"compute.firewall.management_networks": ["192.168.0.0/16"]},
        at="compute.firewall.management_networks[0]",
    ),
    Case(
        addresses.management_apart,
        {"compute.firewall.management_networks": ["192.168.0.0/16", "10.10.10.0/26"]},
        "10.10.10.0/26 has guests in it, k3s-server-1 and 3 more, which would reach all others by SSH; give the",
        {"compute.firewall.management_networks": ["192.168.0.0/16", "10.10.10.200/32"]},
        at="compute.firewall.management_networks[1]",
    ),
    value(
        addresses.trusted_agents,
        "edge.trusted_networks",
        ["10.10.9.0/24", "192.168.0.0/16"],
        "has no network with 10.10.10.41, from where docker-1 sends its logs; add one, such as 10.10.10.0/24",
        ["192.168.0.0/16", "10.10.10.40/29"],
    ),
    value(
        addresses.keys,
        "dns.guard_tsig.name",
        "luxima-dev",
        '"luxima-dev" is the name of dns.tsig already',
        "luxima-dev-guard-2",
    ),
    value(
        addresses.keys,
        "edge.certificates.acme_tsig.name",
        "luxima-prod-guard",
        '"luxima-prod-guard" is the name of dns.guard_tsig already',
        "luxima-prod-certificates",
        stack="prod",
    ),
]
