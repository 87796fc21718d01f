"""Metrics, logs and traces of the platform (MON, LOG)."""

from components.observability.node_exporter import NodeExporter, NodeExporterArgs

__all__ = ["NodeExporter", "NodeExporterArgs"]
