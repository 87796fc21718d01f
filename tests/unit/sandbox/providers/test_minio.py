"""What the minio provider refuses, what it takes for the same, and how lifecycle rules correspond."""

import json
import socket
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.base import UNKNOWN, ProviderError
from sandbox.providers.minio import policy_documents
from sandbox.providers.minio.client import settings
from sandbox.providers.minio.driver import MinioDriver
from sandbox.providers.minio.lifecycles import read_rule, write_rule

POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::media"]},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::media/*"]},
    ],
}


def token(name: str) -> str:
    return f"minio:index/{name[0].lower()}{name[1:]}:{name}"


def problems(name: str, inputs: dict[str, Any]) -> list[str]:
    return [path for path, _ in MinioDriver().handler(token(name)).check(inputs)]


def rule(**values: Any) -> dict[str, Any]:
    return {"bucket": "media", "rules": [{"id": "old", "expiration": "90d", **values}]}


@pytest.mark.parametrize(
    ("name", "inputs", "path"),
    [
        ("S3Bucket", {"bucket": "Media"}, "bucket"),
        ("S3Bucket", {"bucket": "ab"}, "bucket"),
        ("S3Bucket", {"bucket": "192.0.2.1"}, "bucket"),
        ("S3Bucket", {"bucket": "a..b"}, "bucket"),
        ("S3Bucket", {"bucket": "a" * 64}, "bucket"),
        ("S3Bucket", {"bucket": "media", "acl": "public-read"}, "acl"),
        ("S3Bucket", {}, "bucket"),
        ("S3Bucket", {"bucket": "media", "forceDestroy": True}, "forceDestroy"),
        ("S3Bucket", {"bucket": "media", "quota": 0}, "quota"),
        ("S3BucketVersioning", {"bucket": "media", "versioningConfiguration": {"status": "On"}},
         "versioningConfiguration.status"),
        ("S3BucketServerSideEncryption", {"bucket": "media", "encryptionType": "AES256", "kmsKeyId": "k"},
         "encryptionType"),
        ("S3BucketServerSideEncryption", {"bucket": "media", "encryptionType": "aws:kms", "kmsKeyId": ""}, "kmsKeyId"),
        ("IlmPolicy", {"bucket": "media", "rules": []}, "rules"),
        ("IlmPolicy", rule(expiration="90"), "rules[0].expiration"),
        ("IlmPolicy", rule(expiration="0d"), "rules[0].expiration"),
        ("IlmPolicy", rule(expiration="2030-01-31"), "rules[0].expiration"),
        ("IlmPolicy", rule(expiration="DeleteMarkers"), "rules[0].expiration"),
        ("IlmPolicy", rule(tags={"k": "v"}), "rules[0].tags.k"),
        ("IlmPolicy", rule(status="Enabled"), "rules[0].status"),
        ("IlmPolicy", rule(noncurrentVersionExpirationDays=0), "rules[0].noncurrentVersionExpirationDays"),
        ("IlmPolicy", {"bucket": "media", "rules": [{"id": "old"}]}, "rules[0]"),
        ("IlmPolicy", {"bucket": "media", "rules": [{"id": "a", "expiration": "1d"}] * 2}, "rules[1].id"),
        ("IamPolicy", {"name": "p", "policy": "[]"}, "policy"),
        ("IamPolicy", {"name": "p", "policy": "{"}, "policy"),
        ("IamPolicy", {"namePrefix": "p", "name": "p", "policy": json.dumps(POLICY)}, "namePrefix"),
        ("IamPolicy", {"name": "p", "policy": '{"Version": "2012-10-17"}'}, "policy"),
        ("IamPolicy", {"name": "p", "policy": '{"Statement": [{"Effect": "allow"}]}'}, "policy"),
        ("IamPolicy", {"name": "a b", "policy": json.dumps(POLICY)}, "name"),
        ("IamPolicy", {"name": "a" * 97, "policy": json.dumps(POLICY)}, "name"),
        ("IamPolicy", {"policy": json.dumps(POLICY)}, "name"),
        ("IamUser", {"name": "a b", "secret": "p" * 8}, "name"),
        ("IamUser", {"secret": "p" * 8}, "name"),
        ("IamUser", {"name": "ab"}, "secret"),
        ("IamUser", {"name": "ab", "secret": "p" * 8, "disableUser": True}, "disableUser"),
        ("IamUser", {"name": "ab", "secret": "short"}, "secret"),
        ("IamUserPolicyAttachment", {"userName": "a b", "policyName": "p"}, "userName"),
        ("IamServiceAccount", {"targetUser": "ab"}, "policy"),
        ("IamServiceAccount", {"targetUser": "ab", "policy": json.dumps(POLICY), "updateSecret": True}, "updateSecret"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(name: str, inputs: dict[str, Any], path: str) -> None:
    assert problems(name, inputs) == [path]


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("S3Bucket", {"bucket": "luxima-dev-media", "acl": "private", "quota": 1}),
        ("S3Bucket", {"bucket": UNKNOWN, "quota": UNKNOWN}),
        ("IlmPolicy", rule(expiration="365d", filter="logs/")),
        ("IlmPolicy", {"bucket": "media", "rules": UNKNOWN}),
        ("IamPolicy", {"name": "p", "policy": UNKNOWN}),
        ("IamUser", {"name": "a.b@c+d", "secret": UNKNOWN}),
        ("IamServiceAccount", {"targetUser": "ab", "policy": json.dumps(POLICY)}),
    ],
)
def test_good_and_unknown_values_are_not_complained_about(name: str, inputs: dict[str, Any]) -> None:
    assert problems(name, inputs) == []


def test_a_short_password_is_not_repeated() -> None:
    assert MinioDriver().handler(token("IamUser")).check({"name": "ab", "secret": "s3cr3t"}) == [
        ("secret", "is not of 8 to 128 characters")
    ]


@pytest.mark.parametrize("name", ["KmsKey", "S3BucketNotification", "S3BucketPolicy", "S3Object", "IamGroupPolicy"])
def test_a_type_that_is_not_driven_is_refused(name: str) -> None:
    with pytest.raises(ProviderError, match=f"the local minio provider does not drive {token(name)}"):
        MinioDriver().handler(token(name))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"Action": "s3:GetObject"}, {"Action": ["s3:GetObject"]}, True),
        ({"Action": ["a", "b"]}, {"Action": ["b", "a"]}, True),
        ({"Sid": ""}, {}, True),
        ({"Action": ["a"]}, {"Action": ["a", "b"]}, False),
        ({"Resource": "r"}, {"NotResource": "r"}, False),
        ({"Effect": "Deny"}, {"Effect": "Allow"}, False),
        ({"Condition": {"StringEquals": {"k": "v"}}}, {}, False),
    ],
)
def test_policies_are_compared_by_what_they_mean(one: Any, other: Any, same: bool) -> None:
    texts = [json.dumps({"Statement": {"Effect": "Allow", **part}}) for part in (one, other)]
    assert policy_documents.equivalent(*texts) is same


def test_the_order_of_statements_means_nothing_but_the_version_does() -> None:
    turned = {**POLICY, "Statement": POLICY["Statement"][::-1]}
    assert policy_documents.equivalent(json.dumps(POLICY), json.dumps(turned))
    older = {**POLICY, "Version": "2008-10-17"}
    assert not policy_documents.equivalent(json.dumps(POLICY), json.dumps(older))
    assert not policy_documents.equivalent(json.dumps(POLICY), "no policy")


def test_only_an_equivalent_policy_is_no_change() -> None:
    driver, text = MinioDriver(), json.dumps(POLICY)
    for name in ("IamPolicy", "IamServiceAccount"):
        assert driver.handler(token(name)).equal("policy", text, json.dumps(POLICY, indent=1))
        assert not driver.handler(token(name)).equal("policy", text, text.replace("Allow", "Deny"))
        assert not driver.handler(token(name)).equal("name", text, json.dumps(POLICY, indent=1))


RULES = st.fixed_dictionaries(
    {"id": st.text("abc", min_size=1, max_size=9)},
    optional={
        "expiration": st.sampled_from(["1d", "90d", "DeleteMarker"]),
        "noncurrentVersionExpirationDays": st.integers(1, 999),
        "filter": st.sampled_from(["", "logs/", "a/b"]),
    },
).filter(lambda rule: "expiration" in rule or "noncurrentVersionExpirationDays" in rule)


@given(inputs=RULES)
def test_lifecycle_rules_correspond(inputs: dict[str, Any]) -> None:
    found = read_rule(write_rule(inputs))
    blank: dict[str, Any] = {
        "expiration": "",
        "noncurrentVersionExpirationDays": 0,
        "filter": "",
        "status": "Enabled",
    }
    assert found == {**blank, **inputs}


def test_names_are_fixed() -> None:
    driver = MinioDriver()
    assert driver.handler(token("S3Bucket")).replaces({"bucket": "a"}, {"bucket": "b"}) == {"bucket"}
    assert driver.handler(token("S3Bucket")).replaces({"bucket": "a"}, {"bucket": "a", "quota": 5}) == frozenset()
    assert driver.handler(token("IamUser")).replaces({"name": "a"}, {"name": "b"}) == {"name"}
    assert driver.handler(token("IamServiceAccount")).replaces({"targetUser": "a"}, {"targetUser": UNKNOWN}) == {
        "targetUser"
    }
    old, new = {"userName": "a", "policyName": "p"}, {"userName": "b", "policyName": "q"}
    assert driver.handler(token("IamUserPolicyAttachment")).replaces(old, new) == {"userName", "policyName"}
    for name in ("S3BucketVersioning", "S3BucketServerSideEncryption", "IlmPolicy"):
        assert driver.handler(token(name)).replaces({"bucket": "a"}, {"bucket": "b"}) == {"bucket"}
    assert driver.handler(token("IamPolicy")).replaces({"name": "a", "policy": "x"}, {"name": "b", "policy": "y"}) == {
        "name"
    }


@pytest.mark.parametrize("name", sorted(MinioDriver().handlers))
def test_a_replacement_is_made_before_the_old_one_goes(name: str) -> None:
    assert not MinioDriver().handler(name).deletes_first


def test_passwords_and_keys_are_secret() -> None:
    driver = MinioDriver()
    assert driver.handler(token("IamUser")).secrets == {"secret"}
    assert driver.handler(token("IamServiceAccount")).secrets == {"secretKey"}
    assert driver.handler(token("IamServiceAccount")).preview({"targetUser": "a"})["secretKey"] is UNKNOWN


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({}, "minioServer"),
        ({"minioServer": "https://127.0.0.1:9000", "minioUser": "u", "minioPassword": "s3cr3t"}, "minioServer"),
        ({"minioServer": "127.0.0.1:9000", "minioUser": "u"}, "minioPassword"),
        ({"minioServer": "127.0.0.1:9000", "minioUser": "u", "minioPassword": "s3cr3t", "minioInsecure": True},
         "minioInsecure"),
    ],
)  # fmt: skip
def test_a_wrong_provider_input_is_named_without_the_password(
    variables: dict[str, Any], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MINIO_ENDPOINT", "MINIO_USER", "MINIO_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ProviderError, match=word) as raised:
        settings(variables)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("name", ["S3Bucket", "IamUser"])
def test_a_dead_server_is_named_soon(name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{taken.getsockname()[1]}"
        driver = MinioDriver()
        driver.configure({"minioServer": server, "minioUser": "u", "minioPassword": "p" * 8, "minioSsl": True})
        begin = time.monotonic()
        with pytest.raises(ProviderError) as raised:
            driver.handler(token(name)).create("x", {"bucket": "media", "name": "user"})
    assert str(raised.value) == f"MinIO at https://{server} cannot be reached: connection refused"
    assert time.monotonic() - begin < 30
