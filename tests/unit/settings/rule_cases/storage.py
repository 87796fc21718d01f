"""Cases for the rules on buckets of the object storage."""

from settings.rules import storage
from tests.unit.settings.rule_cases.case import Case
from tests.unit.settings.stacks import ABSENT

_BUCKET = {"purpose": "a trial", "owner": "devops", "versioning": True, "quota_gib": 1}

CASES = [
    *(
        Case(
            storage.needed_buckets,
            {f"storage.buckets.{name}": ABSENT},
            f"storage.buckets.{name}",
            "is missing; give a bucket for",
            {"storage.buckets.media": ABSENT},
        )
        for name in storage.NEEDED
    ),
    Case(
        storage.bucket_names,
        {f"storage.buckets.{53 * 'a'}": _BUCKET},
        f"storage.buckets.{53 * 'a'}",
        "has 64 characters; give a shorter name or bucket_prefix, S3 takes 63 together",
        {f"storage.buckets.{52 * 'a'}": _BUCKET},
    ),
    Case(
        storage.user_buckets,
        {"storage.users.storefront.bucket": "medium"},
        "storage.users.storefront.bucket",
        '"medium" is not a bucket; did you mean media?',
        {"storage.users.storefront.bucket": "backups"},
    ),
    Case(
        storage.user_buckets,
        {"storage.users.copy-source.also_reads": ["vendor-medi", "registry"]},
        "storage.users.copy-source.also_reads[0]",
        '"vendor-medi" is not a bucket; did you mean vendor-media?',
        {},
    ),
    Case(
        storage.user_buckets,
        {"storage.users.copy-source.also_reads": ["media"]},
        "storage.users.copy-source.also_reads[0]",
        '"media" is named already; name each bucket once',
        {},
    ),
    Case(
        storage.locked,
        {"storage.buckets.copies.locked": False},
        "storage.buckets.copies.locked",
        "is false; give true: nobody may delete the copies before their time",
        {},
    ),
    Case(
        storage.locked,
        {"storage.buckets.media.locked": True, "storage.buckets.media.versioning": False},
        "storage.buckets.media.versioning",
        "is false; give true: only versions can be locked",
        {"storage.buckets.media.locked": True},
    ),
]
"""For every rule: edits of a real stack that it refuses, and edits close by that it lets pass."""
