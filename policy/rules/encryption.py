"""Everything at rest in object storage is encrypted on the server side (SEC-5)."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding
from . import kinds
from .buckets import for_bucket


@resource_rule(
    "bucket-encryption-key",
    requirements=("SEC-5",),
    types=(kinds.BUCKET_ENCRYPTION,),
    severity=Severity.CRITICAL,
)
def bucket_encryption_key(resource: Resource) -> Iterator[Finding]:
    """A bucket's server-side encryption is AES-256 with a named key."""
    kind = resource.props.at("encryptionType")
    if kind.text not in {"aws:kms", "sse-kms"}:
        yield kind.wrong(f"is {kind.text!r}", "give aws:kms, which is AES-256 with a key of the key service")
    key = resource.props.at("kmsKeyId")
    if not key.text:
        yield key.wrong("is missing", "name the key of the key service")


@stack_rule(
    "bucket-encrypted",
    requirements=("SEC-5",),
    types=(kinds.BUCKET, kinds.BUCKET_ENCRYPTION),
    severity=Severity.CRITICAL,
)
def bucket_encrypted(stack: Stack) -> Iterator[Finding]:
    """Every bucket has a server-side encryption."""
    encryptions = stack.of(kinds.BUCKET_ENCRYPTION)
    for bucket in stack.of(kinds.BUCKET):
        if not for_bucket(bucket, encryptions):
            yield bucket.props.at("bucket").wrong(
                "has no S3BucketServerSideEncryption", "declare one with the same bucket"
            )


RULES = (bucket_encryption_key, bucket_encrypted)
