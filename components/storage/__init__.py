"""Object storage on MinIO: buckets, their lifecycles, and who may use them (INF-5, SEC-5)."""

from components.storage.access import StorageKey
from components.storage.object_storage import ObjectStorage, ObjectStorageArgs

__all__ = ["ObjectStorage", "ObjectStorageArgs", "StorageKey"]
