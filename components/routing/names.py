"""What things are called in the routing document, and where they are in the cluster."""

from typing import Final

from settings import Settings
from settings.values import Slot

TRACKS: Final = ("canary", "shadow")
"""Candidates beside a live slot."""


def stable(service: str, slot: Slot) -> str:
    """Backend of a slot, named as its Service in the cluster."""
    return f"{service}-{slot}"


def candidate(service: str, track: str) -> str:
    """Backend of a candidate, named as its Service in the cluster."""
    return f"{service}-{track}"


def url(settings: Settings, service: str, workload: str) -> str:
    """Where one of the Services of `service` is."""
    found = settings.services[service]
    return f"http://{workload}.{found.namespace}.svc:{found.port}"


def host_rule(*hosts: str) -> str:
    """Matches requests to one of these names."""
    return " || ".join(f"Host(`{host}`)" for host in hosts)
