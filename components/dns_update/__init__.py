"""Signed DNS updates (RFC 2136), without an engine: the room `dns`, the release tool and the guard use them (REL-1)."""

from components.dns_update.switching import LedElsewhereError, standing, swap, wait
from components.dns_update.transport import DnsError, Endpoint, Key, Server

__all__ = ["DnsError", "Endpoint", "Key", "LedElsewhereError", "Server", "standing", "swap", "wait"]
