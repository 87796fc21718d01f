"""What things are called in the routing document, and where they are in the cluster."""

import re
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


def public_rule(settings: Settings, service: str, slot: Slot | None = None) -> str:
    """Matches what users may ask a service for: all but its metrics, which say how many customers it has.

    However a path is written, a service may take it for that of the metrics: Express does not look at the case.
    """
    path = re.escape(settings.services[service].metrics_path)
    host = host_rule(settings.service_fqdn(service, slot))
    return f"({host}) && !PathRegexp(`(?i)^{path}(/.*)?$`)"


def host_rule(*hosts: str) -> str:
    """Matches requests to one of these names."""
    return " || ".join(f"Host(`{host}`)" for host in hosts)
