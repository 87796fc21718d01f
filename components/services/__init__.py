"""The services that users reach, each in two slots, and what watches their releases (ENV-2, REL-1, REL-6)."""

from components.services.guard_document import guard_document, watched
from components.services.guard_job import GuardJob, GuardJobArgs
from components.services.ledger import Ledger
from components.services.service import Service, ServiceArgs, StorageAccess

__all__ = ["GuardJob", "GuardJobArgs", "Ledger", "Service", "ServiceArgs", "StorageAccess", "guard_document", "watched"]
