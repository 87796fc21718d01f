"""Metrics, logs and traces of the platform (MON, LOG)."""

from components.observability.docker_agents import DockerAgents, DockerAgentsArgs
from components.observability.documents import documents
from components.observability.node_exporter.container import NodeExporter, NodeExporterArgs
from components.observability.observability import Observability, ObservabilityArgs
from components.observability.postmortem import postmortem
from components.observability.storage_key import StorageKey

__all__ = [
    "DockerAgents",
    "DockerAgentsArgs",
    "NodeExporter",
    "NodeExporterArgs",
    "Observability",
    "ObservabilityArgs",
    "StorageKey",
    "documents",
    "postmortem",
]
