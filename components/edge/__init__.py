"""The way in: gateways, routing and certificates."""

from components.edge.certificates import Certificates, CertificatesArgs
from components.edge.documents import documents
from components.edge.gateway import Gateway, GatewayArgs
from components.edge.issuing import issued

__all__ = ["Certificates", "CertificatesArgs", "Gateway", "GatewayArgs", "documents", "issued"]
