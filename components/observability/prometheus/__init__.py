"""Prometheus' own document."""

from components.observability.prometheus.config import documents

__all__ = ["documents"]
