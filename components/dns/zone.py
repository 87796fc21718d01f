"""The records of one zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.dns.record import Record
from components.dns.records import RecordSpec
from settings.dns import Dns


@dataclass(frozen=True)
class ZoneArgs:
    """Inputs of a Zone."""

    zone: str
    """Name of the zone, without the dot at the end; it has to exist on the name servers."""
    dns: Dns
    """Name servers and key."""
    records: Sequence[RecordSpec]
    """Record sets of this zone."""
    after: Mapping[str, Sequence[pulumi.Resource]] = field(default_factory=dict[str, Sequence[pulumi.Resource]])
    """What has to be ready before a record may lead there, by the record's key."""


class Zone(pulumi.ComponentResource):
    """The platform's records in a zone; records of others are left alone."""

    records: Mapping[str, Record]
    """Records by key."""

    def __init__(self, name: str, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:dns:Zone", name, None, opts)
        self.records = {
            spec.key: Record(
                f"{name}-{spec.key}",
                spec,
                args.dns,
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after.get(spec.key, ()))),
            )
            for spec in args.records
        }
        self.register_outputs({"zone": args.zone})
