# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""Buckets and what is set on them: versions, encryption, lifecycle, policy; and single objects."""

import base64
import binascii
import io
import json
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from minio import Minio
from minio.commonconfig import ENABLED, AndOperator, Filter, Tags
from minio.deleteobjects import DeleteObject
from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
from minio.sseconfig import Rule as EncryptionRule
from minio.sseconfig import SSEConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig

from sandbox.providers import rules
from sandbox.providers.base import UNKNOWN, Properties, ProviderError, adopting
from sandbox.providers.drift import drifted
from sandbox.providers.handlers import Handler, changed
from sandbox.providers.minio import policy_documents
from sandbox.providers.minio.client import Client, RefusedError
from sandbox.providers.rules import Failures

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
# Objects larger than this (bytes) are not fetched to compare their content.
_COMPARED = 1024**2
GONE = ("NoSuchBucket", "NoSuchKey", "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration")


def bucket_name(value: Any) -> str | None:
    """Why a text is no bucket name (the rules of S3)."""
    text = str(value)
    if not _NAME.fullmatch(text) or ".." in text or ".-" in text or "-." in text or _ADDRESS.fullmatch(text):
        return (
            f"{text!r} is no bucket name: 3 to 63 lower-case letters, digits, '-' and single '.', not like an address"
        )
    return None


class _OnBucket(Handler):
    """What is set on a bucket has the bucket's name as its id."""

    noun = ""
    table: Mapping[str, rules.Rule] = {}

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        return rules.failures({"bucket": bucket_name, **self.table}, inputs)

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """It belongs to its bucket."""
        return frozenset({"bucket"} if changed(old, new, "bucket") else ())

    def _subject(self, bucket: Any) -> str:
        return f"{self.noun} of bucket {bucket}"

    def put(self, inputs: Properties) -> None:
        """Set it."""
        raise NotImplementedError

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Set it. MinIO would take some settings for a bucket that does not exist."""
        bucket = str(inputs["bucket"])
        if not self._client().s3(self._subject(bucket), lambda s3: s3.bucket_exists(bucket)):
            raise ProviderError(f"{self._subject(bucket)}: there is no such bucket at {self._client().settings.url}")
        self.put(inputs)
        return bucket, self.outputs(inputs)

    def outputs(self, inputs: Properties) -> Properties:
        """The inputs and what follows from them."""
        return dict(inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set it anew."""
        self.put(new)
        return self.outputs(new)

    def _found(self, resource_id: str, call: Callable[[Minio], Any]) -> Any:
        """What the server says; None where the bucket or the setting is gone."""
        try:
            return self._client().s3(self._subject(resource_id), call)
        except RefusedError as error:
            if error.code in GONE:
                return None
            raise


class Buckets(_OnBucket):
    """`S3Bucket`."""

    noun = "contents"
    table: Mapping[str, rules.Rule] = {
        "acl": rules.one_of(*policy_documents.ACLS),
        "bucketPrefix": rules.length(0, 37),
        "quota": rules.between(1),
    }

    def defaults(self, name: str, inputs: Properties, old: Properties) -> Properties:
        """A bucket without a name gets one."""
        if inputs.get("bucket") is not None:
            return inputs
        prefix = inputs.get("bucketPrefix")
        if prefix is UNKNOWN:
            return inputs
        kept = old.get("bucket") if old.get("bucketPrefix") == prefix else None
        return inputs | {"bucket": kept or f"{prefix or f'{name.lower()}-'}{secrets.token_hex(13)}"[:63]}

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Its name is fixed."""
        return frozenset(name for name in ("bucket", "bucketPrefix") if changed(old, new, name))

    def computed(self, inputs: Properties) -> Properties:
        """Where it will be is known once its name is."""
        return {"arn": UNKNOWN, "bucketDomainName": UNKNOWN}

    def outputs(self, inputs: Properties) -> Properties:
        """Its name for policies, and its address."""
        name = inputs["bucket"]
        domain = f"{self._client().settings.url}/minio/{name}"
        return {"acl": "private", **inputs, "arn": f"arn:aws:s3:::{name}", "bucketDomainName": domain}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the bucket."""
        client, bucket = self._client(), str(inputs["bucket"])
        subject = f"bucket {bucket}"
        if client.s3(subject, lambda s3: s3.bucket_exists(bucket)):
            if not adopting():
                raise ProviderError(
                    f"{subject} exists already at {client.settings.url}; choose another name or import it"
                )
        else:
            locking = bool(inputs.get("objectLocking"))
            client.s3(subject, lambda s3: s3.make_bucket(bucket, client.settings.region, object_lock=locking))
        self._set_acl(bucket, {}, inputs)
        self._set_quota(bucket, inputs)
        return bucket, self.outputs(inputs)

    def _set_acl(self, bucket: str, old: Properties, new: Properties) -> None:
        document = policy_documents.of_acl(str(new.get("acl") or "private"), bucket)
        if document is not None:
            text = json.dumps(document)
            self._client().s3(f"policy of bucket {bucket}", lambda s3: s3.set_bucket_policy(bucket, text))
        elif (old.get("acl") or "private") != "private":
            self._client().s3(f"policy of bucket {bucket}", lambda s3: s3.delete_bucket_policy(bucket))

    def _set_quota(self, bucket: str, inputs: Properties) -> None:
        quota = int(inputs.get("quota") or 0)
        if quota or self._quota(bucket):
            self._client().admin(f"quota of bucket {bucket}", lambda admin: admin.bucket_quota_set(bucket, quota))

    def _quota(self, bucket: str) -> int:
        found: Any = self._client().admin(f"quota of bucket {bucket}", lambda admin: admin.bucket_quota_get(bucket))
        return int(found["quota"]) if found else 0

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The bucket, if it is there; its quota as the server has it."""
        if not self._client().s3(f"bucket {resource_id}", lambda s3: s3.bucket_exists(resource_id)):
            return None
        live = {**inputs, "bucket": resource_id}
        if quota := self._quota(resource_id):
            live["quota"] = quota
        else:
            live.pop("quota", None)
        return live, self.outputs(live)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change access and quota."""
        if bool(old.get("objectLocking")) != bool(new.get("objectLocking")):
            raise ProviderError(f"bucket {resource_id}: objectLocking can only be chosen when the bucket is made")
        if old.get("acl") != new.get("acl"):
            self._set_acl(resource_id, old, new)
        if old.get("quota") != new.get("quota"):
            self._set_quota(resource_id, new)
        return self.outputs(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the bucket; with what is in it only if `forceDestroy` is set."""
        client, subject = self._client(), f"bucket {resource_id}"
        try:
            if outputs.get("forceDestroy"):
                client.s3(subject, lambda s3: _empty(s3, resource_id))
            client.s3(subject, lambda s3: s3.remove_bucket(resource_id))
        except RefusedError as error:
            if error.code == "BucketNotEmpty":
                raise ProviderError(
                    f"{subject} is not empty and was not removed; "
                    "delete its objects with all their versions, or set forceDestroy to let them go with it"
                ) from None
            if error.code not in GONE:
                raise


def _empty(s3: Minio, bucket: str) -> None:
    """Remove every version of every object."""
    found = s3.list_objects(bucket, recursive=True, include_version=True)
    doomed = (DeleteObject(str(item.object_name), item.version_id) for item in found)
    for error in s3.remove_objects(bucket, doomed, bypass_governance_mode=True):
        raise ProviderError(f"bucket {bucket}: object {error.name} cannot be removed: {error.message}")


class Versionings(_OnBucket):
    """`S3BucketVersioning`."""

    noun = "versioning"
    table: Mapping[str, rules.Rule] = {"versioningConfiguration.status": rules.one_of(ENABLED, SUSPENDED)}

    def put(self, inputs: Properties) -> None:
        """Switch versions on or off."""
        bucket, given = str(inputs["bucket"]), cast("dict[str, Any]", inputs["versioningConfiguration"])
        config = VersioningConfig(
            given["status"],
            excluded_prefixes=given.get("excludedPrefixes"),
            exclude_folders=bool(given.get("excludeFolders")),
        )
        self._client().s3(self._subject(bucket), lambda s3: s3.set_bucket_versioning(bucket, config))

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What the bucket does now; None where versions were never switched on."""
        found = self._found(resource_id, lambda s3: s3.get_bucket_versioning(resource_id))
        if found is None or found.status is None:
            return None
        declared = cast("dict[str, Any]", inputs.get("versioningConfiguration") or {})
        full: dict[str, Any] = {
            "status": declared.get("status"),
            "excludedPrefixes": declared.get("excludedPrefixes") or [],
            "excludeFolders": bool(declared.get("excludeFolders")),
        }
        live = {
            "status": found.status,
            "excludedPrefixes": list(found.excluded_prefixes or []),
            "excludeFolders": found.exclude_folders,
        }
        config = drifted(declared, full, live) if declared else live
        result = {**inputs, "bucket": resource_id, "versioningConfiguration": config}
        return result, dict(result)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Suspend: what has versions keeps them."""
        self._found(resource_id, lambda s3: s3.set_bucket_versioning(resource_id, VersioningConfig(SUSPENDED)))


class Encryptions(_OnBucket):
    """`S3BucketServerSideEncryption`."""

    noun = "encryption"
    table: Mapping[str, rules.Rule] = {"encryptionType": rules.one_of("aws:kms"), "kmsKeyId": rules.not_empty}

    def put(self, inputs: Properties) -> None:
        """Encrypt new objects with this key."""
        bucket = str(inputs["bucket"])
        config = SSEConfig(EncryptionRule.new_sse_kms_rule(inputs["kmsKeyId"]))
        self._client().s3(self._subject(bucket), lambda s3: s3.set_bucket_encryption(bucket, config))

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """How new objects are encrypted now; None if they are not."""
        found = self._found(resource_id, lambda s3: s3.get_bucket_encryption(resource_id))
        if found is None:
            return None
        live = {
            **inputs,
            "bucket": resource_id,
            "encryptionType": found.rule.sse_algorithm,
            "kmsKeyId": str(found.rule.kms_master_key_id or "").removeprefix("arn:aws:kms:"),
        }
        return live, dict(live)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """New objects are not encrypted any more."""
        self._found(resource_id, lambda s3: s3.delete_bucket_encryption(resource_id))


def expiration(text: str) -> Expiration | None:
    """`90d`, `2030-01-31` or `DeleteMarker`; None for anything else."""
    if text == "DeleteMarker":
        return Expiration(expired_object_delete_marker=True)
    if days := re.fullmatch(r"([1-9]\d*)d", text):
        return Expiration(days=int(days.group(1)))
    try:
        return Expiration(date=datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC))
    except ValueError:
        return None


def _expiration(value: Any) -> str | None:
    if expiration(str(value)) is None:
        return f"{value!r} is no expiration; give days (90d), a date (2030-01-31) or DeleteMarker"
    return None


def write_rule(rule: Mapping[str, Any]) -> Rule:
    """A lifecycle rule as S3 has it."""
    prefix, tags = str(rule.get("filter") or ""), cast("dict[str, str]", rule.get("tags") or {})
    chosen = Filter(prefix=prefix)
    if tags:
        named = Tags()
        for key, value in tags.items():
            named[key] = value
        chosen = Filter(and_operator=AndOperator(prefix, named))
    days = rule.get("noncurrentVersionExpirationDays")
    return Rule(
        ENABLED,
        rule_filter=chosen,
        rule_id=rule["id"],
        expiration=expiration(rule["expiration"]) if rule.get("expiration") else None,
        noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=int(days)) if days else None,
    )


def read_rule(rule: Rule) -> dict[str, Any]:
    """A lifecycle rule as the SDK has it, in full."""
    text, ends = "", rule.expiration
    if ends is not None:
        if ends.expired_object_delete_marker:
            text = "DeleteMarker"
        elif ends.days:
            text = f"{ends.days}d"
        elif ends.date:
            text = ends.date.strftime("%Y-%m-%d")
    chosen = rule.rule_filter
    both = chosen.and_operator if chosen else None
    prefix = (both.prefix if both else chosen.prefix if chosen else "") or ""
    tags = dict(cast("Mapping[str, str]", both.tags or {})) if both else dict[str, str]()
    if chosen and chosen.tag:
        tags[chosen.tag.key] = chosen.tag.value
    old = rule.noncurrent_version_expiration
    return {
        "id": rule.rule_id,
        "expiration": text,
        "noncurrentVersionExpirationDays": old.noncurrent_days if old and old.noncurrent_days else 0,
        "filter": prefix,
        "tags": tags,
        "status": rule.status,
    }


class Lifecycles(_OnBucket):
    """`IlmPolicy`."""

    noun = "lifecycle"
    table: Mapping[str, rules.Rule] = {
        "rules": rules.not_empty,
        "rules[].id": rules.length(1, 255),
        "rules[].expiration": _expiration,
        "rules[].noncurrentVersionExpirationDays": rules.between(1),
        "rules[].status": rules.never("its value is decided by the server; leave it out"),
    }

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview, and what MinIO would refuse."""
        found = super().check(inputs)
        seen: set[str] = set()
        for at, rule in rules.values_at("rules[]", inputs):
            if rule.get("id") in seen:
                found.append((f"{at}.id", f"{rule['id']!r} is the id of another rule"))
            seen.add(rule.get("id"))
            if not rule.get("expiration") and not rule.get("noncurrentVersionExpirationDays"):
                found.append((at, "needs expiration or noncurrentVersionExpirationDays"))
        return found

    def computed(self, inputs: Properties) -> Properties:
        """The status of rules is output only."""
        return {}

    def outputs(self, inputs: Properties) -> Properties:
        """Every rule is enabled."""
        given = cast("list[dict[str, Any]]", inputs["rules"])
        return {**inputs, "rules": [{"status": ENABLED, **rule} for rule in given]}

    def put(self, inputs: Properties) -> None:
        """Set all rules."""
        bucket = str(inputs["bucket"])
        config = LifecycleConfig([write_rule(rule) for rule in cast("list[dict[str, Any]]", inputs["rules"])])
        self._client().s3(self._subject(bucket), lambda s3: s3.set_bucket_lifecycle(bucket, config))

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


class Policies(_OnBucket):
    """`S3BucketPolicy`."""

    noun = "policy"
    table: Mapping[str, rules.Rule] = {"policy": policy_documents.problem}

    def equal(self, path: str, old: Any, new: Any) -> bool:
        """Documents that mean the same are the same."""
        return path == "policy" and policy_documents.equivalent(old, new)

    def put(self, inputs: Properties) -> None:
        """Set the policy."""
        bucket, text = str(inputs["bucket"]), str(inputs["policy"])
        self._client().s3(self._subject(bucket), lambda s3: s3.set_bucket_policy(bucket, text))

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The policy as it is now; None if there is none."""
        found = self._found(resource_id, lambda s3: s3.get_bucket_policy(resource_id))
        if not found:
            return None
        same = policy_documents.equivalent(inputs.get("policy"), found)
        live = {**inputs, "bucket": resource_id, "policy": inputs["policy"] if same else found}
        return live, dict(live)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the policy."""
        self._found(resource_id, lambda s3: s3.delete_bucket_policy(resource_id))


def _base64(value: Any) -> str | None:
    try:
        base64.b64decode(str(value), validate=True)
    except binascii.Error:
        return "is not base64"
    return None


class Objects(Handler):
    """`S3Object`: a small object with a given content."""

    _table: Mapping[str, rules.Rule] = {
        "bucketName": bucket_name,
        "objectName": rules.not_empty,
        "contentBase64": _base64,
        "source": rules.never("the official plugin takes content or contentBase64 only"),
    }

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin, which says the last of it only when it is deployed."""
        found = rules.failures(self._table, inputs)
        given = [name for name in ("content", "contentBase64") if inputs.get(name) is not None]
        if len(given) != 1:
            found.append(("content", "give either content or contentBase64"))
        return found

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Its name is fixed."""
        return frozenset(name for name in ("bucketName", "objectName") if changed(old, new, name))

    def computed(self, inputs: Properties) -> Properties:
        """What the server makes of it."""
        return dict.fromkeys(("contentType", "etag", "versionId"), UNKNOWN)

    def _subject(self, inputs: Properties) -> str:
        return f"object {inputs['objectName']} in bucket {inputs['bucketName']}"

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Put the object."""
        return str(inputs["objectName"]), self._put(inputs)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Put it anew."""
        return self._put(new)

    def _put(self, inputs: Properties) -> Properties:
        bucket, key, content = str(inputs["bucketName"]), str(inputs["objectName"]), _content(inputs)
        kind = str(inputs.get("contentType") or "application/octet-stream")
        self._client().s3(
            self._subject(inputs),
            lambda s3: s3.put_object(bucket, key, io.BytesIO(content), len(content), content_type=kind),
        )
        return self._outputs(inputs, self._stat(inputs))

    def _stat(self, inputs: Properties) -> Any:
        bucket, key = str(inputs["bucketName"]), str(inputs["objectName"])
        return self._client().s3(self._subject(inputs), lambda s3: s3.stat_object(bucket, key))

    def _outputs(self, inputs: Properties, found: Any) -> Properties:
        said = {"contentType": found.content_type, "etag": found.etag, "versionId": found.version_id or ""}
        return {**said, **inputs}

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The object, if it is there, with the content that it has now."""
        if not inputs:
            raise ProviderError(f"object {resource_id} cannot be imported; declare it and let it be put")
        try:
            found = self._stat(inputs)
        except RefusedError as error:
            if error.code in GONE:
                return None
            raise
        live = dict(inputs)
        if inputs.get("contentType"):
            live["contentType"] = found.content_type
        wanted = _content(inputs)
        if found.size != len(wanted) or (found.size <= _COMPARED and self._fetch(inputs) != wanted):
            live[_content_key(inputs)] = f"(another content, {found.size} bytes)"
        return live, self._outputs(live, found)

    def _fetch(self, inputs: Properties) -> bytes:
        bucket, key = str(inputs["bucketName"]), str(inputs["objectName"])

        def get(s3: Minio) -> bytes:
            with s3.get_object(bucket, key) as response:
                return response.read()

        return self._client().s3(self._subject(inputs), get)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove it; a bucket with versions keeps the old ones."""
        bucket, key = str(outputs["bucketName"]), str(outputs["objectName"])
        try:
            self._client().s3(self._subject(outputs), lambda s3: s3.remove_object(bucket, key))
        except RefusedError as error:
            if error.code not in GONE:
                raise


def _content_key(inputs: Properties) -> str:
    return "content" if inputs.get("content") is not None else "contentBase64"


def _content(inputs: Properties) -> bytes:
    if inputs.get("content") is not None:
        return str(inputs["content"]).encode()
    try:
        return base64.b64decode(str(inputs.get("contentBase64") or ""), validate=True)
    except binascii.Error:
        return b""
