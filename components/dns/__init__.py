"""DNS records, kept by RFC 2136 updates (ENV-2, ENV-3, REL-1)."""

from components.dns.records import RecordSpec, records
from components.dns.zone import Zone, ZoneArgs

__all__ = ["RecordSpec", "Zone", "ZoneArgs", "records"]
