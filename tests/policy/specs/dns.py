"""Specs of policy/rules/dns.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import DROP, UNKNOWN, Case, Spec, but, one, wrong


def _record(*changes: tuple[str, Any]) -> Case:
    record = {"zone": "acehcommerce.id", "name": "@", "type": "A", "ttl": 30.0, "records": ["10.10.10.61"]}
    return one(kinds.DNS_RECORD, but(record, *changes))


SPECS = (
    Spec(
        "record-ttl",
        passes=(
            _record(),
            _record(("ttl", 10.0)),
            _record(("ttl", 300.0)),
            _record(("ttl", "60")),
            _record(("type", "NS"), ("ttl", 86400.0)),
        ),
        fails=(
            wrong(_record(("ttl", 301.0)), "ttl"),
            wrong(_record(("ttl", 9.0), ("type", "cname")), "ttl"),
            wrong(_record(("ttl", DROP)), "ttl"),
            wrong(_record(("ttl", 301.0), ("type", "AAAA")), "ttl"),
        ),
        unknown=(wrong(_record(("ttl", UNKNOWN)), "ttl"), wrong(_record(("type", UNKNOWN)), "type")),
    ),
    Spec(
        "record-signed",
        passes=(_record(("keyName", "luxima"), ("keyAlgorithm", "hmac-sha256")),),
        fails=(
            wrong(_record(("keyName", ""), ("keyAlgorithm", "hmac-sha256")), "keyName"),
            wrong(_record(("keyName", "luxima"), ("keyAlgorithm", "hmac-md5")), "keyAlgorithm"),
        ),
        unknown=(wrong(_record(("keyName", UNKNOWN), ("keyAlgorithm", "hmac-sha256")), "keyName"),),
    ),
)
