"""A record set as a resource; the work is done by `rfc2136.Rfc2136Provider`."""

from collections.abc import Sequence

import pulumi
from pulumi.dynamic import Resource

from components.dns.records import RecordSpec
from components.dns.rfc2136 import Rfc2136Provider
from settings.dns import Dns


class Record(Resource, module="dns", name="Record"):
    """One record set of a zone, on the primary name server."""

    records: pulumi.Output[Sequence[str]]
    """What the name server answers."""

    def __init__(
        self,
        resource_name: str,
        spec: RecordSpec,
        dns: Dns,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        primary = dns.servers[0]
        super().__init__(
            Rfc2136Provider(),
            resource_name,
            {
                "zone": spec.zone,
                "name": spec.fqdn,
                "type": spec.type,
                "ttl": spec.ttl,
                "records": sorted(spec.values),
                "server": primary.address,
                "port": primary.port,
                "keyName": dns.tsig.name,
                "keyAlgorithm": dns.tsig.algorithm,
                **({} if spec.switched_at is None else {"switchedAt": spec.switched_at}),
            },
            opts,
        )
