"""Specs of policy/rules/encryption.py."""

from __future__ import annotations

from policy.rules import kinds

from ..spec import UNKNOWN, Spec, but, declared, one, urn, wrong

_KEY = {"bucket": "luxima-media", "encryptionType": "aws:kms", "kmsKeyId": "luxima-prod"}
_BUCKET = declared(kinds.BUCKET, {"bucket": "luxima-media"}, "media")
_MADE_OF_BUCKET = {"bucket": (urn(kinds.BUCKET, "media"),)}

SPECS = (
    Spec(
        "bucket-encryption-key",
        passes=(
            one(kinds.BUCKET_ENCRYPTION, _KEY),
            one(kinds.BUCKET_ENCRYPTION, but(_KEY, ("encryptionType", "sse-kms"))),
        ),
        fails=(
            wrong(one(kinds.BUCKET_ENCRYPTION, but(_KEY, ("encryptionType", "none"))), "encryptionType"),
            wrong(one(kinds.BUCKET_ENCRYPTION, but(_KEY, ("kmsKeyId", ""))), "kmsKeyId"),
        ),
        unknown=(wrong(one(kinds.BUCKET_ENCRYPTION, but(_KEY, ("kmsKeyId", UNKNOWN))), "kmsKeyId"),),
    ),
    Spec(
        "bucket-encrypted",
        passes=(
            (_BUCKET, declared(kinds.BUCKET_ENCRYPTION, _KEY)),
            # Made of the bucket's own output, which a preview does not know yet: still this bucket's.
            (_BUCKET, declared(kinds.BUCKET_ENCRYPTION, but(_KEY, ("bucket", UNKNOWN)), refers=_MADE_OF_BUCKET)),
            (),
        ),
        fails=(
            wrong((_BUCKET,), "bucket"),
            # Made of another bucket's output.
            wrong(
                (_BUCKET, declared(kinds.BUCKET_ENCRYPTION, _KEY, refers={"bucket": (urn(kinds.BUCKET, "loki"),)})),
                "bucket",
            ),
            wrong((_BUCKET, declared(kinds.BUCKET_ENCRYPTION, but(_KEY, ("bucket", "another")))), "bucket"),
        ),
        unknown=(
            wrong((declared(kinds.BUCKET, {"bucket": UNKNOWN}), declared(kinds.BUCKET_ENCRYPTION, _KEY)), "bucket"),
        ),
    ),
)
