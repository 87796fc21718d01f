"""Tenants of Loki: what separates the audit trail from all other logs (LOG-2)."""

from typing import Final

from components.programs import AUDIT_TENANT, LOG_TENANT

__all__ = ["AUDIT_TENANT", "CLASSES", "LOG_TENANT"]

CLASSES: Final = ("api", "edge_functions", "docker", "syslog", "access", "security")
"""Retention classes with a period of their own, values of the label `class`; what has none is `default` (LOG-1)."""
