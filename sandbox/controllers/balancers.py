"""Addresses for Services of type LoadBalancer, as kube-vip gives them: those that are asked for."""

from typing import Any

_ANNOTATION = "kube-vip.io/loadbalancerIPs"


def wanted(service: dict[str, Any]) -> list[str] | None:
    """The addresses that a Service is to have; None when nothing has to change."""
    spec, meta = service["spec"], service["metadata"]
    annotations: dict[str, str] = meta.get("annotations") or {}
    asked = annotations.get(_ANNOTATION, "")
    if not asked or spec.get("type") != "LoadBalancer" or meta.get("deletionTimestamp"):
        return None
    ingress: list[dict[str, Any]] = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    addresses = asked.split(",")
    return None if addresses == [item["ip"] for item in ingress] else addresses


def status(addresses: list[str]) -> dict[str, Any]:
    """The status to write."""
    return {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"} for address in addresses]}}}
