"""DNS records, kept by RFC 2136 updates (ENV-2, ENV-3, REL-1).

What needs the engine is imported when it is asked for: a switch of a name (`components.dns.switching`) needs none.
"""

from typing import TYPE_CHECKING, Any

from components.dns.records import RecordSpec, records
from components.dns.switching import DnsError, Key, standing, swap, wait

if TYPE_CHECKING:
    from components.dns.zone import Zone, ZoneArgs

__all__ = ["DnsError", "Key", "RecordSpec", "Zone", "ZoneArgs", "records", "standing", "swap", "wait"]


def __getattr__(name: str) -> Any:
    """Import the zone's component at its first use."""
    if name in ("Zone", "ZoneArgs"):
        from components.dns import zone

        return getattr(zone, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
