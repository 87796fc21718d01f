"""Prometheus' own document."""

from components.observability.prometheus.config import documents
from components.observability.prometheus.targets import CONTAINER_GROUPS

__all__ = ["CONTAINER_GROUPS", "documents"]
