"""What the official minio plugin does, and which test proves what the stand-in does."""

from collections.abc import Mapping

from sandbox.providers.official import CREATES, DELETES, E2E, SCHEMA, UNIT, Claim, Type

_MINIO = f"{UNIT}/test_minio.py"
_MINIO_E2E = f"{E2E}/providers/test_minio.py"
_MADE_FIRST = f"{_MINIO}::test_a_replacement_is_made_before_the_old_one_goes"
_WRONG = f"{_MINIO}::test_a_wrong_value_is_named"
_FIXED = f"{_MINIO}::test_names_are_fixed"


def _on_bucket(source: str, test: str, exists: str) -> Type:
    """A setting of a bucket."""
    return Type(
        Claim(f"takes more (minio `{source}`)", _WRONG),
        Claim(SCHEMA, _FIXED),
        Claim(CREATES, _MADE_FIRST),
        Claim(
            f"the same (minio `{source}`)",
            f"{_MINIO_E2E}::test_settings_of_a_bucket_that_is_not_there",
            f"{exists}; refused where there is no such bucket",
        ),
        Claim(f"the same (minio `{source}`)", f"{_MINIO_E2E}::{test}"),
    )


TYPES: Mapping[str, Type] = {
    "minio:index/s3Bucket:S3Bucket": Type(
        Claim("takes more; makes up a name where none is given (minio `resource_minio_s3_bucket.go`)", _WRONG),
        Claim(SCHEMA, _FIXED),
        Claim(CREATES, _MADE_FIRST),
        Claim(
            "refused (minio `resource_minio_s3_bucket.go`)",
            f"{_MINIO_E2E}::test_a_bucket_that_exists_is_an_error",
            "refused (already exists); with objects in it, it is not removed",
        ),
        Claim(
            "whether it is there; not its quota (minio `resource_minio_s3_bucket.go`)",
            f"{_MINIO_E2E}::test_a_bucket_has_its_quota",
            "whether it is there",
        ),
    ),
    "minio:index/s3BucketVersioning:S3BucketVersioning": _on_bucket(
        "resource_minio_s3_bucket_versioning.go", "test_versioning_is_seen_and_repaired", "set over what is there"
    ),
    "minio:index/s3BucketServerSideEncryption:S3BucketServerSideEncryption": _on_bucket(
        "resource_minio_s3_bucket_server_side_encryption_configuration.go",
        "test_encryption_is_seen_and_repaired",
        "set over what is there",
    ),
    "minio:index/ilmPolicy:IlmPolicy": _on_bucket(
        "resource_minio_ilm_policy.go", "test_lifecycle_rules_are_seen_and_repaired", "set over what is there"
    ),
    "minio:index/iamUser:IamUser": Type(
        Claim("takes more; makes up a password where none is given (minio `resource_minio_iam_user.go`)", _WRONG),
        Claim(SCHEMA, _FIXED),
        Claim(DELETES, _MADE_FIRST),
        Claim(
            "sets the password of the user that is there (minio `resource_minio_iam_user.go`). Stricter here",
            f"{_MINIO_E2E}::test_a_user_may_log_in_until_it_is_disabled",
            "refused (already exists)",
        ),
        Claim(
            "whether it is there; that it was disabled is an output only (minio `resource_minio_iam_user.go`)",
            f"{_MINIO_E2E}::test_a_user_may_log_in_until_it_is_disabled",
            "whether it is there",
        ),
    ),
    "minio:index/iamPolicy:IamPolicy": Type(
        Claim("takes more; makes up a name where none is given (minio `resource_minio_iam_policy.go`)", _WRONG),
        Claim(SCHEMA, _FIXED),
        Claim(DELETES, _MADE_FIRST),
        Claim(
            "overwrites it (minio `resource_minio_iam_policy.go`). Stricter here",
            f"{_MINIO_E2E}::test_policies_are_changed_and_foreign_ones_left_alone",
            "refused (already exists)",
        ),
        Claim(
            "the same; what means the same is no change (minio `resource_minio_iam_policy.go`)",
            f"{_MINIO_E2E}::test_policies_are_changed_and_foreign_ones_left_alone",
        ),
    ),
    "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment": Type(
        Claim("the same (minio `resource_minio_iam_user_policy_attachment.go`)", _WRONG),
        Claim(SCHEMA, _FIXED),
        Claim(CREATES, _MADE_FIRST),
        Claim(
            "the same (minio `resource_minio_iam_user_policy_attachment.go`)",
            f"{_MINIO_E2E}::test_a_key_reaches_what_its_policy_allows",
            "attached once more, which changes nothing",
        ),
        Claim(
            "the same (minio `resource_minio_iam_user_policy_attachment.go`)",
            f"{_MINIO_E2E}::test_a_key_reaches_what_its_policy_allows",
            "whether it is attached",
        ),
    ),
    "minio:index/iamServiceAccount:IamServiceAccount": Type(
        Claim("takes more (minio `resource_minio_service_account.go`)", _WRONG),
        Claim(SCHEMA, _FIXED),
        Claim(CREATES, _MADE_FIRST),
        Claim(
            "the same: the server makes the key (minio `resource_minio_service_account.go`)",
            f"{_MINIO_E2E}::test_a_key_reaches_what_its_policy_allows",
            "cannot exist",
        ),
        Claim(
            "the same (minio `resource_minio_service_account.go`)",
            f"{_MINIO_E2E}::test_a_key_reaches_what_its_policy_allows",
        ),
    ),
}
"""By type token."""
