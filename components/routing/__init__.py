"""The gateways' routing document (REL-1): the room `edge` puts it in its place, the release tool knows its version."""

from components.routing.document import (
    READY_PATH,
    ROUTING_FILE,
    VERSION_PATH,
    routing_yaml,
    version,
)
from components.routing.tls import DYNAMIC, ZONE_KEYS

__all__ = ["DYNAMIC", "READY_PATH", "ROUTING_FILE", "VERSION_PATH", "ZONE_KEYS", "routing_yaml", "version"]
