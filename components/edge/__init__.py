"""The way in: gateways, routing and certificates."""

from components.edge.certificates import Certificates, CertificatesArgs
from components.edge.documents import documents
from components.edge.gateway import Gateway, GatewayArgs

__all__ = ["Certificates", "CertificatesArgs", "Gateway", "GatewayArgs", "documents"]
