"""Addresses of machines, and lists of them as firewalls and annotations write them down."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator

from ..judging import Resource, Stack
from ..values import Value
from . import kinds


def of_machine(machine: Resource) -> Iterator[str]:
    """The addresses of a VM or an LXC, without the length of their network."""
    for place in machine.props.at("initialization", "ipConfigs").items():
        yield place.at("ipv4", "address").text.partition("/")[0]


def of_machines(stack: Stack) -> set[str]:
    """Those of all VMs and LXCs, for a rule that reads both types."""
    return {address for machine in stack.of(kinds.VM, kinds.LXC) for address in of_machine(machine)}


def let_in(firewall: Resource) -> Iterator[Value]:
    """The rules of a machine's firewall by which somebody comes in."""
    for rule in firewall.props.at("rules").items():
        is_in = rule.at("type").text.lower() == "in" and rule.at("action").text.upper() == "ACCEPT"
        if is_in and rule.at("enabled").flag is not False:
            yield rule


def listed(value: Value) -> set[str]:
    """What stands between the commas of a text; a single address without `/32`."""
    return {part.strip().removesuffix("/32") for part in value.text.split(",") if part.strip()}


def is_address(text: str) -> bool:
    """Whether it is an IP address, not a name."""
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return False
