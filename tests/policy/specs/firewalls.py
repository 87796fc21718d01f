"""Specs of policy/rules/firewalls.py, and of what is published on machines."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Case, Spec, but, declared, one, wrong

_RULE = {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "22", "source": "10.10.0.0/24"}
_OPTIONS = {"vmId": 100.0, "ipfilter": True, "macfilter": True, "radv": False}


def _firewall(**changes: Any) -> Case:
    rule = {name: value for name, value in {**_RULE, **changes}.items() if value is not DROP}
    return one(kinds.FIREWALL_RULES[0], {"rules": [rule]})


_SERVES = {"ports": [{"internal": 8080.0, "external": 9090.0, "ip": "10.10.30.41"}]}
_OPEN = {"rules": [{**_RULE, "dest": "10.10.30.41", "dport": "9090"}]}

SPECS = (
    Spec(
        "published-let-in",
        passes=(
            (declared(kinds.DOCKER_CONTAINER, _SERVES), declared(kinds.FIREWALL_RULES[0], _OPEN)),
            (declared(kinds.DOCKER_CONTAINER, _SERVES), *_firewall(dest="10.10.30.42")),
        ),
        fails=(
            wrong((declared(kinds.DOCKER_CONTAINER, _SERVES), *_firewall(dest="10.10.30.41")), "ports[0].external"),
        ),
        unknown=(
            wrong(
                (
                    declared(kinds.DOCKER_CONTAINER, _SERVES),
                    declared(kinds.FIREWALL_RULES[0], but(_OPEN, ("rules/0/dport", UNKNOWN))),
                ),
                "rules[0].dport",
            ),
        ),
    ),
    Spec(
        "firewall-narrow",
        passes=(_firewall(), _firewall(source=DROP, dport="80,443"), _firewall(proto="icmp", dport=DROP)),
        fails=(
            wrong(_firewall(source=DROP), "rules[0].source"),
            wrong(_firewall(source="10.0.0.0/8"), "rules[0].source"),
            wrong(_firewall(dport=DROP), "rules[0].dport"),
            wrong(_firewall(dport="1:65535"), "rules[0].dport"),
            wrong(_firewall(proto=DROP), "rules[0].proto"),
            wrong(_firewall(macro="SSH"), "rules[0].macro"),
        ),
        unknown=(wrong(_firewall(source=UNKNOWN), "rules[0].source"),),
    ),
    Spec(
        "machine-addresses",
        passes=(one(kinds.FIREWALL_OPTIONS, _OPTIONS), one(kinds.IPSET, {"cidrs": [{"name": "10.10.30.31"}]})),
        fails=(
            wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("ipfilter", DROP))), "ipfilter"),
            wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("macfilter", False))), "macfilter"),
            wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("radv", True))), "radv"),
            wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("dhcp", True))), "dhcp"),
            wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("ndp", True))), "ndp"),
            wrong(one(kinds.IPSET, {"cidrs": [{"name": "10.10.30.0/24"}]}), "cidrs[0].name"),
        ),
        unknown=(wrong(one(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("ipfilter", UNKNOWN))), "ipfilter"),),
    ),
    Spec(
        "machine-rules",
        passes=(
            (declared(kinds.FIREWALL_OPTIONS, _OPTIONS), declared(kinds.FIREWALL_RULES[0], {"vmId": 100.0})),
            (declared(kinds.FIREWALL_OPTIONS, _OPTIONS),),
        ),
        fails=(
            wrong(
                (declared(kinds.FIREWALL_OPTIONS, _OPTIONS), declared(kinds.FIREWALL_RULES[0], {"vmId": 101.0})), "vmId"
            ),
        ),
        unknown=(
            wrong(
                (
                    declared(kinds.FIREWALL_OPTIONS, but(_OPTIONS, ("vmId", UNKNOWN))),
                    declared(kinds.FIREWALL_RULES[0], {"vmId": 101.0}),
                ),
                "vmId",
            ),
        ),
    ),
)
