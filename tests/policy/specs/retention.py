"""Specs of policy/rules/retention.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, declared, one, urn, wrong


def _lifecycle(bucket: str, *rules: tuple[str, str] | tuple[str, str, int]) -> Case:
    listed: list[dict[str, Any]] = []
    for prefix, expiration, *noncurrent in rules:
        rule: dict[str, Any] = {"id": prefix or "all", "filter": prefix, "expiration": expiration}
        if noncurrent:
            rule["noncurrentVersionExpirationDays"] = float(noncurrent[0])
        listed.append(rule)
    return one(kinds.BUCKET_LIFECYCLE, {"bucket": bucket, "rules": listed})


def _bucket(name: str) -> Any:
    return declared(kinds.BUCKET, {"bucket": name}, name)


def _versioning(bucket: str, status: str) -> Any:
    return declared(kinds.BUCKET_VERSIONING, {"bucket": bucket, "versioningConfiguration": {"status": status}})


def _locked(*, locking: bool = True, days: Any = 14.0, of: str = "luxima-copies") -> Case:
    return (
        declared(kinds.BUCKET, {"bucket": "luxima-copies", "objectLocking": locking}),
        declared(kinds.BUCKET_LOCK, {"bucket": of, "days": days}),
    )


_EXPIRATION = "rules[0].expiration"
_NONCURRENT = "rules[0].noncurrentVersionExpirationDays"

SPECS = (
    Spec(
        "lifecycle-floors",
        passes=(
            _lifecycle("luxima-loki", ("fake/", "90d"), ("audit/", "120d", 1)),
            _lifecycle("luxima-logs-archive", ("fake/", "60d", 14), ("audit/", "90d", 90)),
            _lifecycle("luxima-backups", ("database/", "", 14), ("deployment/", "7d", 7), ("", "DeleteMarker")),
            _lifecycle("luxima-copies", ("", "DeleteMarker", 15)),
            _lifecycle("luxima-media", ("", "", 14)),
            _lifecycle("luxima-media", ("", "DeleteMarker")),
        ),
        fails=(
            wrong(_lifecycle("luxima-loki", ("fake/", "89d")), _EXPIRATION),
            wrong(_lifecycle("luxima-logs-archive", ("fake/", "59d")), _EXPIRATION),
            wrong(_lifecycle("luxima-logs-archive", ("audit/", "89d")), _EXPIRATION),
            # An empty prefix touches the audit tenant as well.
            wrong(_lifecycle("luxima-logs-archive", ("", "60d")), _EXPIRATION),
            wrong(_lifecycle("luxima-backups", ("database/", "365d", 13)), _EXPIRATION, _NONCURRENT),
            wrong(_lifecycle("luxima-copies", ("", "15d", 13)), _EXPIRATION, _NONCURRENT),
            wrong(_lifecycle("luxima-backups", ("deployment/", "6d")), _EXPIRATION),
            # Who may write there may put something in an object's place.
            wrong(_lifecycle("luxima-logs-archive", ("fake/", "60d", 1)), _NONCURRENT),
            wrong(_lifecycle("luxima-logs-archive", ("audit/", "90d", 89)), _NONCURRENT),
            wrong(_lifecycle("luxima-backups", ("deployment/", "7d", 6)), _NONCURRENT),
            wrong(_lifecycle("luxima-backups", ("", "29d")), _EXPIRATION),
            # A prefix that nobody spoke of is held to the longest of the class.
            wrong(_lifecycle("luxima-backups", ("etcd/", "14d")), _EXPIRATION),
            wrong(_lifecycle("luxima-media", ("tmp/", "365d")), _EXPIRATION),
            wrong(_lifecycle("luxima-media", ("", "", 13)), _NONCURRENT),
            wrong(_lifecycle("exports", ("", "365d")), _EXPIRATION),
            wrong(_lifecycle("luxima-loki", ("fake/", "2030-01-01")), _EXPIRATION),
            wrong(_lifecycle("luxima-loki", ("fake/", "90d"), ("audit/", "1d")), "rules[1].expiration"),
        ),
        unknown=(
            wrong(_lifecycle("luxima-loki", ("fake/", UNKNOWN)), _EXPIRATION),
            wrong(_lifecycle(UNKNOWN, ("", "", 14)), "bucket"),
        ),
    ),
    Spec(
        "loki-lifecycle-prefix",
        passes=(_lifecycle("luxima-loki", ("fake/", "90d")), _lifecycle("luxima-backups", ("", "30d"))),
        fails=(
            wrong(_lifecycle("luxima-loki", ("", "90d")), "rules[0].filter"),
            wrong(_lifecycle("loki", ("fake/", "90d"), ("/", "90d")), "rules[1].filter"),
        ),
        unknown=(wrong(_lifecycle("luxima-loki", (UNKNOWN, "90d")), "rules[0].filter"),),
    ),
    Spec(
        "bucket-lifecycle",
        passes=(
            (_bucket("luxima-loki"), *_lifecycle("luxima-loki", ("fake/", "90d"))),
            (
                _bucket("luxima-loki"),
                declared(
                    kinds.BUCKET_LIFECYCLE,
                    {"bucket": UNKNOWN, "rules": [{"filter": "fake/", "expiration": "90d"}]},
                    refers={"bucket": (urn(kinds.BUCKET, "luxima-loki"),)},
                ),
            ),
            (_bucket("luxima-media"),),
        ),
        fails=(
            wrong((_bucket("luxima-loki"), *_lifecycle("luxima-loki")), "rules"),
            wrong((_bucket("luxima-backups"), *_lifecycle("luxima-backups", ("database/", "30d"))), "rules"),
            wrong((_bucket("luxima-backups"), *_lifecycle("luxima-backups", ("", "DeleteMarker"))), "rules"),
            wrong((_bucket("luxima-loki"), *_lifecycle("luxima-backups", ("", "30d"))), "bucket"),
            wrong((_bucket("luxima-logs-archive"),), "bucket"),
            wrong((_bucket("luxima-backups"),), "bucket"),
        ),
        unknown=(wrong((_bucket(UNKNOWN),), "bucket"),),
    ),
    Spec(
        "bucket-versioned",
        passes=((_bucket("luxima-media"), _versioning("luxima-media", "Enabled")), (_bucket("luxima-loki"),)),
        fails=(
            wrong((_bucket("luxima-media"),), "bucket"),
            wrong((_bucket("luxima-backups"), _versioning("luxima-media", "Enabled")), "bucket"),
            wrong((_bucket("luxima-registry"),), "bucket"),
            wrong((_bucket("exports"),), "bucket"),
            wrong((_bucket("luxima-logs-archive"),), "bucket"),
            wrong(
                (_bucket("luxima-media"), _versioning("luxima-media", "Suspended")), "versioningConfiguration.status"
            ),
        ),
        unknown=(
            wrong((_bucket("luxima-media"), _versioning("luxima-media", UNKNOWN)), "versioningConfiguration.status"),
        ),
    ),
    Spec(
        "bucket-locked",
        passes=(_locked(), (_bucket("luxima-media"),)),
        fails=(
            wrong(_locked(locking=False), "objectLocking"),
            wrong(_locked(days=13.0), "days"),
            wrong(_locked(of="luxima-media"), "bucket"),
        ),
        unknown=(wrong(_locked(days=UNKNOWN), "days"),),
    ),
    Spec(
        "bucket-made-for-locks",
        passes=(
            (_bucket("luxima-loki"),),
            (
                declared(kinds.BUCKET, {"bucket": "luxima-media", "objectLocking": True}),
                _versioning("luxima-media", "Enabled"),
            ),
        ),
        fails=(wrong((_bucket("luxima-media"), _versioning("luxima-media", "Enabled")), "objectLocking"),),
        unknown=(wrong((_bucket("luxima-media"), _versioning(UNKNOWN, "Enabled")), "bucket"),),
    ),
    Spec(
        "bucket-force-destroy",
        passes=(one(kinds.BUCKET, {"bucket": "b"}), one(kinds.BUCKET, {"bucket": "b", "forceDestroy": False})),
        fails=(wrong(one(kinds.BUCKET, {"bucket": "b", "forceDestroy": True}), "forceDestroy"),),
        unknown=(wrong(one(kinds.BUCKET, {"bucket": "b", "forceDestroy": UNKNOWN}), "forceDestroy"),),
    ),
    Spec(
        "bucket-protected",
        passes=(
            one(kinds.BUCKET, {"bucket": "luxima-media"}, protect=True),
            one(kinds.BUCKET, {"bucket": "luxima-loki"}),
        ),
        fails=(wrong(one(kinds.BUCKET, {"bucket": "luxima-backups"}), "bucket"),),
        unknown=(wrong(one(kinds.BUCKET, {"bucket": UNKNOWN}), "bucket"),),
    ),
)
