"""What a machine's firewall lets in and out (SEC-6, INF-1): programs and senders by name, its own addresses alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..judging import Resource, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import kinds
from .network import PORT_RANGE, SHORTEST, network_of

_OPEN_PORTS = frozenset({53, 80, 443})
"""Names and the web, which everybody may ask for."""


def _parts(ports: str) -> Iterator[tuple[str, int, int]]:
    for part in filter(None, ports.replace(" ", "").split(",")):
        low, _, high = part.partition(":")
        if low.isdigit() and (high or low).isdigit():
            yield part, int(low), int(high or low)


def _outgoing(rule: Value) -> Iterator[Finding]:
    if not rule.at("proto").text or not re.fullmatch(r"[\d,]+", rule.at("dport").text):
        yield rule.at("dport").wrong("opens more than one program of who is asked", "give proto and the port")


@resource_rule("firewall-narrow", requirements=("SEC-6", "INF-1"), types=kinds.FIREWALL_RULES)
def firewall_narrow(resource: Resource) -> Iterator[Finding]:
    """What a machine's firewall lets in has a protocol, ports, and senders, but for names and the web."""
    for rule in resource.props.at("rules").items():
        if rule.at("action").text.upper() != "ACCEPT":
            continue
        if rule.at("type").text.lower() != "in":
            yield from _outgoing(rule)
            continue
        if rule.at("macro").text:
            yield rule.at("macro").wrong("stands for ports that nobody sees", "give proto and dport")
            continue
        proto, ports, source = rule.at("proto"), rule.at("dport"), rule.at("source")
        if not proto.text:
            yield proto.wrong("is missing, which means every protocol", "give tcp, udp or icmp")
        elif proto.text.lower() not in {"icmp", "ipv6-icmp", "icmpv6"} and not ports.text:
            yield ports.wrong("is missing, which means every port", "name the ports")
        numbers: set[int] = set()
        for part, low, high in _parts(ports.text):
            if high - low > PORT_RANGE:
                yield ports.wrong(f"is a range of more than {PORT_RANGE}: {part}", "name the ports")
            numbers |= {low, high}
        senders = [part.strip() for part in source.text.split(",") if part.strip()]
        if not senders and not (numbers and numbers <= _OPEN_PORTS):
            yield source.wrong("is missing, which means everybody", "name who may")
        for sender in senders:
            network = network_of(sender)
            if network is not None and network.prefixlen < SHORTEST:
                yield source.wrong(f"is {sender}", "name who may")


@resource_rule("machine-addresses", requirements=("SEC-6", "INF-1"), types=(kinds.FIREWALL_OPTIONS, kinds.IPSET))
def machine_addresses(resource: Resource) -> Iterator[Finding]:
    """A machine sends from its own addresses only, asks nobody for one, and tells nobody the way."""
    if resource.type == kinds.IPSET:
        for entry in resource.props.at("cidrs").items():
            network = network_of(entry.at("name").text)
            if network is None or network.num_addresses > 1:
                yield entry.at("name").wrong(f"is {entry.at('name').text}", "name the machine's addresses one by one")
        return
    for name, wanted in (("ipfilter", True), ("macfilter", True), ("radv", False), ("dhcp", False), ("ndp", False)):
        value = resource.props.at(name)
        flag = value.flag
        if (flag is None and name == "ipfilter") or (flag is not None and flag is not wanted):
            yield value.wrong(f"is not {str(wanted).lower()}", f"set it to {str(wanted).lower()}")


@stack_rule("machine-rules", requirements=("SEC-6", "INF-1"), types=(kinds.FIREWALL_OPTIONS, *kinds.FIREWALL_RULES))
def machine_rules(stack: Stack) -> Iterator[Finding]:
    """Every machine with a firewall has rules for it."""
    ruled = {
        each.props.at(name).text for each in stack.of(*kinds.FIREWALL_RULES) for name in ("vmId", "containerId")
    } - {""}
    if not ruled:
        return
    for options in stack.of(kinds.FIREWALL_OPTIONS):
        number = next((options.props.at(name) for name in ("vmId", "containerId") if options.props.at(name).text), None)
        if number is not None and number.text not in ruled:
            yield number.wrong(f"{number.text} has no rules", "declare RulesLegacy with the same number")
