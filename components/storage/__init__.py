"""Object storage on MinIO: its server, buckets, their lifecycles, and who may use them (INF-5, SEC-5)."""

from components.storage.access import StorageKey
from components.storage.nodes import Place, servers
from components.storage.object_storage import ObjectStorage, ObjectStorageArgs
from components.storage.server import CONTAINER, Node, Server, ServerArgs

__all__ = [
    "CONTAINER",
    "Node",
    "ObjectStorage",
    "ObjectStorageArgs",
    "Place",
    "Server",
    "ServerArgs",
    "StorageKey",
    "servers",
]
