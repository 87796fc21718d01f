"""Addresses for Services of type LoadBalancer, as kube-vip gives them."""

import ipaddress
from collections.abc import Iterable
from typing import Any

_ANNOTATION = "kube-vip.io/loadbalancerIPs"
_POOL = ipaddress.ip_network("198.51.100.0/24")
"""For Services that ask for no address: one of the networks that are reserved for documentation."""


def addresses(service: dict[str, Any]) -> list[str]:
    """The addresses that a Service has."""
    ingress: list[dict[str, Any]] = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return [item["ip"] for item in ingress if "ip" in item]


def wanted(service: dict[str, Any], taken: Iterable[str]) -> list[str] | None:
    """The addresses that a Service is to have; None when nothing has to change."""
    spec, meta = service["spec"], service["metadata"]
    if spec.get("type") != "LoadBalancer" or meta.get("deletionTimestamp"):
        return None
    annotations: dict[str, str] = meta.get("annotations") or {}
    asked: str = annotations.get(_ANNOTATION) or spec.get("loadBalancerIP") or ""
    fixed = [item.strip() for item in asked.split(",") if item.strip()]
    present = addresses(service)
    if fixed:
        return None if fixed == present else fixed
    if present:
        return None
    used = set(taken)
    free = next((str(host) for host in _POOL.hosts() if str(host) not in used), None)
    return [free] if free else None


def status(addresses: list[str]) -> dict[str, Any]:
    """The status to write."""
    return {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"} for address in addresses]}}}
