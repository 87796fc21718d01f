"""The services that users reach, each in two slots (ENV-2, REL-1)."""

from components.services.ledger import Ledger
from components.services.service import Service, ServiceArgs, StorageAccess

__all__ = ["Ledger", "Service", "ServiceArgs", "StorageAccess"]
