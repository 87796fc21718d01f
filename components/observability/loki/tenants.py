"""Tenants of Loki: what separates the audit trail from all other logs (LOG-2)."""

from typing import Final

LOG_TENANT: Final = "luxima"
"""Tenant of everything but the audit trail; also the prefix of its objects."""
AUDIT_TENANT: Final = "audit"
"""Tenant of the audit trail; also the prefix of its objects, so that the bucket's lifecycle can tell it apart."""
CLASSES: Final = ("api", "edge_functions", "docker", "syslog", "access", "security")
"""Retention classes with a period of their own, values of the label `class`; what has none is `default` (LOG-1)."""
