"""Rules on the object storage (INF-5, LOG-6, BAK-1..4)."""

from collections.abc import Iterator, Mapping

from settings.backup import COPIED
from settings.database import STORAGE_USER
from settings.report import Problem, show, suggest
from settings.shape import whole
from settings.stack import Settings
from settings.storage import COPIES, StorageUser

NEEDED = {
    "loki": "Loki's data (requirement LOG-6)",
    "tempo": "Tempo's data (requirement MON-4)",
    "logs-archive": "the archive of logs (requirement LOG-6)",
    "backups": "backups (requirement BAK-1)",
    "registry": "the images of the registry (requirement INF-6)",
}
OWN_USERS: Mapping[str, StorageUser] = {
    "loki": StorageUser(bucket="loki", access="read_write"),
    "tempo": StorageUser(bucket="tempo", access="read_write"),
    "registry-push": StorageUser(bucket="registry", access="read_write"),
    "registry-pull": StorageUser(bucket="registry", access="read_only"),
    "copy-source": StorageUser(bucket="media", access="read_only", also_reads=COPIED[1:]),
    "archive": StorageUser(bucket="logs-archive", access="append", also_reads=("loki",)),
}
"""Users of the platform's own programs and jobs: each has what it needs, and none of them more."""
ETCD = StorageUser(bucket="backups", access="read_write", prefix="deployment/etcd/")
"""The user `etcd`, with which k3s writes its snapshots (BAK-3)."""
DATABASE = {
    STORAGE_USER: StorageUser(bucket="media", access="read_write", prefix=f"{STORAGE_USER}/"),
    "backup-database": StorageUser(bucket="backups", access="read_write", prefix="database/"),
}
"""Users of a database that the stack brings: its storage, and its backups, which expire what is too old (BAK-1)."""
COPY_TARGET = StorageUser(bucket=COPIES, access="read_write")
"""The user `copy-target`, with which copies are written where the stack keeps them itself (BAK-2)."""
S3_NAME_LENGTH = 63


def needed_buckets(settings: Settings) -> Iterator[Problem]:
    """The platform's own buckets are there."""
    copies = {COPIES: "the daily copies (requirement BAK-2); or give backup.copies: off_site"}
    for name, use in {**NEEDED, **(copies if settings.backup.copies == "own" else {})}.items():
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


def locked(settings: Settings) -> Iterator[Problem]:
    """The copy that survives an attacker is locked, and what is locked has versions (S3 locks versions)."""
    for name, bucket in whole(settings.storage.buckets):
        at = ("storage", "buckets", name)
        if name == COPIES and not bucket.locked:
            yield Problem((*at, "locked"), "is false; give true: nobody may delete the copies before their time")
        if bucket.locked and not bucket.versioning:
            yield Problem((*at, "versioning"), "is false; give true: only versions can be locked")


def user_buckets(settings: Settings) -> Iterator[Problem]:
    """A user's buckets are there, and each is named once."""
    buckets = settings.storage.buckets
    for name, user in whole(settings.storage.users):
        at = ("storage", "users", name)
        named = [((*at, "bucket"), user.bucket)]
        named += [((*at, "also_reads", index), bucket) for index, bucket in enumerate(user.also_reads)]
        seen: set[str] = set()
        for path, bucket in named:
            if bucket not in buckets:
                yield Problem(path, f"{show(bucket)} is not a bucket; {suggest(bucket, buckets, 'buckets')}")
            elif bucket in seen:
                yield Problem(path, f"{show(bucket)} is named already; name each bucket once")
            seen.add(bucket)


def own_users(settings: Settings) -> Iterator[Problem]:
    """The platform's own programs can use their bucket, and none of them more of it than it has to."""
    wanted = dict(OWN_USERS)
    wanted |= {"etcd": ETCD} if settings.kubernetes.mode == "k3s" else {}
    wanted |= {"copy-target": COPY_TARGET} if settings.backup.copies == "own" else {}
    wanted |= {} if settings.database.mode == "existing" else DATABASE
    for name, right in wanted.items():
        user = settings.storage.users.get(name)
        if user is None or user.text != right.text:
            yield Problem(("storage", "users", name), f"{user.text if user else 'is missing'}; give {right.text}")


RULES = (needed_buckets, bucket_names, locked, user_buckets, own_users)
