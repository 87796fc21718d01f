"""The way in: gateways, routing and certificates."""

from components.edge.documents import documents
from components.edge.gateway import Gateway, GatewayArgs

__all__ = ["Gateway", "GatewayArgs", "documents"]
