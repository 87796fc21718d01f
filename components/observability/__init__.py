"""Metrics, logs and traces of the platform (MON, LOG)."""

from components.observability.docker_agents import DatabaseSeen, DockerAgents, DockerAgentsArgs, agent_names
from components.observability.documents import documents
from components.observability.lxc_agents import LxcAgents, LxcAgentsArgs
from components.observability.node_exporter.container import NodeExporter, NodeExporterArgs
from components.observability.observability import Observability, ObservabilityArgs
from components.observability.postmortem import postmortem
from components.observability.storage_key import StorageKey

__all__ = [
    "DatabaseSeen",
    "DockerAgents",
    "DockerAgentsArgs",
    "LxcAgents",
    "LxcAgentsArgs",
    "NodeExporter",
    "NodeExporterArgs",
    "Observability",
    "ObservabilityArgs",
    "StorageKey",
    "agent_names",
    "documents",
    "postmortem",
]
