"""Everything at rest in object storage is encrypted on the server side (SEC-5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
from . import buckets, kinds
from .buckets import for_bucket
from .documents import LOKI, TEMPO, of_resource, secret_texts


@resource_rule(
    "bucket-encryption-key", requirements=("SEC-5",), types=(kinds.BUCKET_ENCRYPTION,), severity=Severity.CRITICAL
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
    """Every bucket has a server-side encryption, all with the one key that the server has."""
    encryptions = stack.of(kinds.BUCKET_ENCRYPTION)
    keys = Counter(each.props.at("kmsKeyId").text for each in encryptions)
    for each in encryptions:
        if each.props.at("kmsKeyId").text != keys.most_common(1)[0][0]:
            yield each.props.at("kmsKeyId").wrong("is another key than the other buckets'", "give the stack's key")
    for bucket in stack.of(kinds.BUCKET):
        if not for_bucket(bucket, encryptions):
            yield bucket.props.at("bucket").wrong(
                "has no S3BucketServerSideEncryption", "declare one with the same bucket"
            )


@resource_rule("storage-encrypts", requirements=("SEC-5",), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL)
def storage_encrypts(resource: Resource) -> Iterator[Finding]:
    """The stack's own object storage encrypts whatever it is given, also what nobody asked it to."""
    variables = resource.props.at("envs")
    names = {each.partition("=")[0] for each in variables.texts()}
    if "MINIO_ROOT_USER" in names and "MINIO_KMS_AUTO_ENCRYPTION=on" not in variables.texts():
        yield variables.wrong("leave objects as they come", "give MINIO_KMS_AUTO_ENCRYPTION=on")


@resource_rule("cluster-volumes", requirements=("SEC-5", "SEC-3"), types=(kinds.PERSISTENT_VOLUME, kinds.STORAGE_CLASS))
def cluster_volumes(resource: Resource) -> Iterator[Finding]:
    """Volumes of the cluster are no folders of nodes and no plain network shares, and none is told not to encrypt."""
    for name in ("nfs", "hostPath", "iscsi", "glusterfs", "cephfs"):
        if resource.props.at("spec", name).present:
            yield resource.props.at("spec", name).wrong(
                "is readable beside the cluster", "use a claim, or a CSI driver"
            )
    encrypted = resource.props.at("parameters", "encrypted")
    if encrypted.text == "false":
        yield encrypted.wrong("is false", "set it to true")


@resource_rule(
    "storage-places",
    requirements=("INF-5", "LOG-6", "BAK-3", "BAK-4"),
    types=(kinds.CONFIG_MAP, kinds.SECRET),
    severity=Severity.CRITICAL,
)
def storage_places(resource: Resource) -> Iterator[Finding]:
    """Logs, traces and snapshots lie in object storage, each in its own bucket, where lifecycle and encryption are."""
    for document in of_resource(resource) if resource.type == kinds.CONFIG_MAP else ():
        content = document.content
        if document.kind == LOKI:
            for schema in content.at("schema_config", "configs").items():
                if schema.at("object_store").text not in {"s3", "aws"}:
                    yield schema.at("object_store").wrong(f"is {schema.at('object_store').text}", "give s3")
                period = schema.at("index", "period")
                if period.text not in {"24h", "1d"}:
                    yield period.wrong(f"is {period.text or 'missing'}: retention would not run", "give 24h")
            yield from _of_class(content.at("common", "storage", "s3", "bucketnames"), buckets.LOKI)
        elif document.kind == TEMPO:
            trace = content.at("storage", "trace")
            if trace.at("backend").text != "s3":
                yield trace.at("backend").wrong(f"is {trace.at('backend').text or 'missing'}", "give s3")
            yield from _of_class(trace.at("s3", "bucket"), buckets.TEMPO)
    if resource.type == kinds.SECRET:
        for name, value, text in secret_texts(resource):
            if name == "etcd-s3-bucket" and buckets.class_of(text) != buckets.BACKUPS:
                yield value.wrong("is no bucket of backups", "name one that ends with -backups")
            if name == "etcd-s3-folder" and not text.startswith("deployment/"):
                yield value.wrong("is in no folder that a lifecycle keeps", "begin it with deployment/")


def _of_class(bucket: Value, wanted: str) -> Iterator[Finding]:
    if bucket.present and buckets.class_of(bucket.text) != wanted:
        yield bucket.wrong(f"is {bucket.text}", f"name the bucket that ends with -{wanted}")
