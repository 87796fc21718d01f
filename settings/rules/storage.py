"""Rules on the object storage (INF-5, LOG-6, BAK-1..4)."""

from collections.abc import Iterator

from settings.report import Problem, show, suggest
from settings.shape import whole
from settings.stack import Settings

NEEDED = {
    "loki": "Loki's data (requirement LOG-6)",
    "tempo": "Tempo's data (requirement MON-4)",
    "logs-archive": "the archive of logs (requirement LOG-6)",
    "backups": "backups (requirement BAK-1)",
    "registry": "the images of the registry (requirement INF-6)",
}
OWN_USERS = (
    ("loki", "loki", "read_write"),
    ("tempo", "tempo", "read_write"),
    ("registry-push", "registry", "read_write"),
    ("registry-pull", "registry", "read_only"),
)
"""User, bucket and access."""
S3_NAME_LENGTH = 63


def needed_buckets(settings: Settings) -> Iterator[Problem]:
    """The platform's own buckets are there."""
    for name, use in NEEDED.items():
        if name not in settings.storage.buckets:
            text = f"is missing; give a bucket for {use}, with versioning and quota_gib"
            yield Problem(("storage", "buckets", name), text)


def bucket_names(settings: Settings) -> Iterator[Problem]:
    """Prefix and name together are a bucket name of S3."""
    for name in settings.storage.buckets:
        full = settings.storage.bucket_name(name)
        if len(full) > S3_NAME_LENGTH:
            text = f"{show(full)} has {len(full)} characters; give a shorter name or bucket_prefix"
            yield Problem(("storage", "buckets", name), f"{text}, S3 takes {S3_NAME_LENGTH} together")


def user_buckets(settings: Settings) -> Iterator[Problem]:
    """A user's bucket is there."""
    buckets = settings.storage.buckets
    for name, user in whole(settings.storage.users):
        if user.bucket not in buckets:
            text = f"{show(user.bucket)} is not a bucket; {suggest(user.bucket, buckets, 'buckets')}"
            yield Problem(("storage", "users", name, "bucket"), text)


def own_users(settings: Settings) -> Iterator[Problem]:
    """The platform's own programs can use their bucket, and none of them more of it than it has to."""
    for name, bucket, access in OWN_USERS:
        user = settings.storage.users.get(name)
        if user is None or (user.bucket, user.access, user.prefix) != (bucket, access, ""):
            text = f"{show(user.bucket)}, {user.access}, {show(user.prefix)}" if user else "is missing"
            yield Problem(("storage", "users", name), f"{text}; give {{bucket: {bucket}, access: {access}}}")


def etcd(settings: Settings) -> Iterator[Problem]:
    """k3s can write etcd's snapshots to their folder, and to no other (BAK-3)."""
    user = settings.storage.users.get("etcd")
    wanted = ("backups", "read_write", "deployment/etcd/")
    if settings.kubernetes.mode != "k3s" or (user and (user.bucket, user.access, user.prefix) == wanted):
        return
    text = f"{show(user.bucket)}, {user.access}, {show(user.prefix)}" if user else "is missing"
    right = "{bucket: backups, access: read_write, prefix: deployment/etcd/}"
    yield Problem(("storage", "users", "etcd"), f"{text}; give {right}")


RULES = (needed_buckets, bucket_names, user_buckets, own_users, etcd)
