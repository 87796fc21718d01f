"""Object storage on MinIO: its server, buckets, their lifecycles, and who may use them (INF-5, SEC-5)."""

from components.storage.access import StorageKey
from components.storage.object_storage import ObjectStorage, ObjectStorageArgs
from components.storage.server import CONTAINER, Server, ServerArgs

__all__ = ["CONTAINER", "ObjectStorage", "ObjectStorageArgs", "Server", "ServerArgs", "StorageKey"]
