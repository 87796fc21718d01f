# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""When objects of a bucket go: the lifecycle that is set on it."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from minio.commonconfig import ENABLED, Filter
from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration
from minio.lifecycleconfig import Rule as LifecycleRule

from sandbox.providers.base import Properties
from sandbox.providers.drift import drifted
from sandbox.providers.minio.buckets import BUCKET, OnBucket
from sandbox.providers.rules import Failures, Rule, anything, between, length, matching, not_empty, values_at

_DAYS = re.compile(r"([1-9]\d*)d|DeleteMarker")


def _expiration(text: Any) -> Expiration | None:
    """`90d`, or `DeleteMarker` for what has no version left but the mark that it was deleted."""
    found = _DAYS.fullmatch(str(text))
    if found is None:
        return None
    return Expiration(days=int(found[1])) if found[1] else Expiration(expired_object_delete_marker=True)


def write_rule(rule: Mapping[str, Any]) -> LifecycleRule:
    """A lifecycle rule as S3 has it."""
    old = rule.get("noncurrentVersionExpirationDays")
    return LifecycleRule(
        ENABLED,
        rule_filter=Filter(prefix=str(rule.get("filter") or "")),
        rule_id=rule["id"],
        expiration=_expiration(rule.get("expiration")),
        noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=int(old)) if old else None,
    )


def _said(ends: Expiration) -> str:
    return "DeleteMarker" if ends.expired_object_delete_marker else f"{ends.days}d" if ends.days else ""


def read_rule(rule: LifecycleRule) -> dict[str, Any]:
    """A lifecycle rule as the SDK has it, in full."""
    ends, chosen, old = rule.expiration, rule.rule_filter, rule.noncurrent_version_expiration
    return {
        "id": rule.rule_id,
        "expiration": _said(ends) if ends else "",
        "noncurrentVersionExpirationDays": old.noncurrent_days if old and old.noncurrent_days else 0,
        "filter": (chosen.prefix if chosen else "") or "",
        "status": rule.status,
    }


class Lifecycles(OnBucket):
    """`IlmPolicy`."""

    noun = "lifecycle"
    rules: ClassVar[Mapping[str, Rule]] = {
        "bucket": BUCKET,
        "rules": not_empty,
        "rules[].filter": anything,
        "rules[].id": length(1, 255),
        "rules[].expiration": matching(_DAYS.pattern, "a number of days, such as 90d, or DeleteMarker"),
        "rules[].noncurrentVersionExpirationDays": between(1),
    }
    read_back = ("rules",)

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview, and what MinIO would refuse."""
        found = super().check(inputs)
        seen: set[str] = set()
        for at, rule in values_at("rules[]", inputs):
            if rule.get("id") in seen:
                found.append((f"{at}.id", f"{rule['id']!r} is the id of another rule"))
            seen.add(rule.get("id"))
            if not rule.get("expiration") and not rule.get("noncurrentVersionExpirationDays"):
                found.append((at, "needs expiration or noncurrentVersionExpirationDays"))
        return found

    def outputs(self, inputs: Properties) -> Properties:
        """Every rule is enabled."""
        given = cast("list[dict[str, Any]]", inputs["rules"])
        return {**inputs, "rules": [{"status": ENABLED, **rule} for rule in given]}

    def put(self, inputs: Properties) -> None:
        """Set all rules."""
        bucket = str(inputs["bucket"])
        config = LifecycleConfig([write_rule(rule) for rule in cast("list[dict[str, Any]]", inputs["rules"])])
        self.api.s3(self._subject(bucket), lambda s3: s3.set_bucket_lifecycle(bucket, config))

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The rules as they are now; None if there are none."""
        found = self._found(resource_id, lambda s3: s3.get_bucket_lifecycle(resource_id))
        if found is None or not found.rules:
            return None
        declared = cast("list[dict[str, Any]]", inputs.get("rules") or [])
        full, live = ([read_rule(rule) for rule in group] for group in (map(write_rule, declared), found.rules))
        for rule in (*full, *live):
            if rule["status"] == ENABLED:
                del rule["status"]
        result = {**inputs, "bucket": resource_id, "rules": drifted(declared, full, live, "id")}
        return result, self.outputs(result)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove all rules."""
        self._found(resource_id, lambda s3: s3.delete_bucket_lifecycle(resource_id))
