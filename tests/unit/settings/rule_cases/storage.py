"""Cases for the rules on buckets of the object storage."""

from settings.rules import storage
from tests.unit.settings.rule_cases.case import Case, value
from tests.unit.settings.stacks import ABSENT

_BUCKET = {"purpose": "a trial", "owner": "devops", "versioning": True, "quota_gib": 1}

CASES = [
    *(
        Case(
            storage.needed_buckets,
            {f"storage.buckets.{name}": ABSENT},
            "is missing; give a bucket for",
            {"storage.buckets.media": ABSENT},
        )
        for name in storage.NEEDED
    ),
    Case(
        storage.bucket_names,
        {f"storage.buckets.{53 * 'a'}": _BUCKET},
        "has 64 characters; give a shorter name or bucket_prefix, S3 takes 63 together",
        {f"storage.buckets.{52 * 'a'}": _BUCKET},
    ),
    value(
        storage.user_buckets,
        "storage.users.storefront.bucket",
        "medium",
        '"medium" is not a bucket; did you mean media?',
        "backups",
    ),
    Case(
        storage.user_buckets,
        {"storage.users.copy-source.also_reads": ["vendor-medi", "registry"]},
        '"vendor-medi" is not a bucket; did you mean vendor-media?',
        at="storage.users.copy-source.also_reads[0]",
    ),
    Case(
        storage.user_buckets,
        {"storage.users.copy-source.also_reads": ["media"]},
        '"media" is named already; name each bucket once',
        at="storage.users.copy-source.also_reads[0]",
    ),
    value(
        storage.locked,
        "storage.buckets.copies.locked",
        False,
        "is false; give true: nobody may delete the copies before their time",
    ),
    Case(
        storage.locked,
        {"storage.buckets.media.locked": True, "storage.buckets.media.versioning": False},
        "is false; give true: only versions can be locked",
        {"storage.buckets.media.locked": True},
    ),
]
