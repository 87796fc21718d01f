"""The minio provider against a real MinIO; what is asserted is read from the server with a client of its own."""

import io
import json
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, cast

import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, S3Error
from minio.versioningconfig import SUSPENDED, VersioningConfig

from sandbox.providers import base
from sandbox.providers.base import ProviderError
from sandbox.providers.handlers import Handler
from tests.e2e.providers.minio_server import KMS_KEY, Running, running, token
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

Of = Callable[[str], Handler]
"""The provider's handler of a type."""


def policy(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": ["arn:aws:s3:::media/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    program = ensure("minio")["minio"]
    with running(program, tmp_path_factory.mktemp("minio")) as found:
        yield found


@pytest.fixture
def of(server: Running, monkeypatch: pytest.MonkeyPatch) -> Of:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.bundle))
    return lambda kind: replace(server).driver.handler(token(kind))


@pytest.fixture
def s3(server: Running) -> Minio:
    return server.client()


@pytest.fixture
def admin(server: Running) -> Any:
    return server.admin()


@pytest.fixture
def bucket(of: Of, s3: Minio) -> Generator[str]:
    inputs = {"bucket": "media", "quota": 1024**3}
    of("S3Bucket").create("media", inputs)
    yield "media"
    found = s3.list_objects("media", recursive=True, include_version=True)
    errors = s3.remove_objects("media", (DeleteObject(str(each.object_name), each.version_id) for each in found))
    assert list(errors) == []
    of("S3Bucket").delete("media", inputs)
    assert not s3.bucket_exists("media")


@pytest.fixture
def user(of: Of) -> Generator[str]:
    of("IamUser").create("web", {"name": "web", "secret": "p" * 20})
    yield "web"
    of("IamUser").delete("web", {})


def live(of: Of, name: str, resource_id: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
    found = of(name).read(resource_id, inputs, {})
    return None if found is None else found[0]


def quota(admin: Any) -> int:
    return int(json.loads(admin.bucket_quota_get("media"))["quota"])


def test_a_bucket_has_its_quota(of: Of, bucket: str, s3: Minio, admin: Any) -> None:
    inputs = {"bucket": bucket, "quota": 1024**3}
    assert s3.bucket_exists(bucket)
    assert quota(admin) == 1024**3
    assert live(of, "S3Bucket", bucket, inputs) == inputs
    admin.bucket_quota_set(bucket, 5)
    known = of("S3Bucket").read(bucket, inputs, {"bucket": bucket})
    assert known is not None
    assert known[0] == inputs, "the official plugin does not ask"
    # Of what a killed run had begun nobody knows: it has no outputs.
    assert live(of, "S3Bucket", bucket, inputs) == {**inputs, "quota": 5}
    of("S3Bucket").update(bucket, inputs, {"bucket": bucket})
    assert quota(admin) == 0


def test_a_bucket_that_exists_is_an_error(of: Of, bucket: str, admin: Any) -> None:
    with pytest.raises(ProviderError, match="bucket media already exists"):
        of("S3Bucket").create("again", {"bucket": bucket, "quota": 5})
    assert quota(admin) == 1024**3


def test_objects_save_a_bucket(of: Of, bucket: str, s3: Minio) -> None:
    s3.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    for content in (b"one", b"two"):
        s3.put_object(bucket, "a", io.BytesIO(content), 3)
    s3.remove_object(bucket, "a")
    with pytest.raises(ProviderError, match="bucket media is not empty and was not removed"):
        of("S3Bucket").delete(bucket, {"bucket": bucket})
    assert s3.bucket_exists(bucket)


def test_versioning_is_seen_and_repaired(of: Of, bucket: str, s3: Minio) -> None:
    inputs = {"bucket": bucket, "versioningConfiguration": {"status": "Enabled"}}
    assert live(of, "S3BucketVersioning", bucket, inputs) is None
    of("S3BucketVersioning").create("v", inputs)
    assert s3.get_bucket_versioning(bucket).status == ENABLED
    assert live(of, "S3BucketVersioning", bucket, inputs) == inputs
    s3.set_bucket_versioning(bucket, VersioningConfig(SUSPENDED))
    changed = live(of, "S3BucketVersioning", bucket, inputs)
    assert changed == {"bucket": bucket, "versioningConfiguration": {"status": "Suspended"}}
    of("S3BucketVersioning").update(bucket, cast("dict[str, Any]", changed), inputs)
    assert s3.get_bucket_versioning(bucket).status == ENABLED
    of("S3BucketVersioning").delete(bucket, inputs)
    assert s3.get_bucket_versioning(bucket).status == SUSPENDED


def test_encryption_is_seen_and_repaired(of: Of, bucket: str, s3: Minio) -> None:
    inputs = {"bucket": bucket, "encryptionType": "aws:kms", "kmsKeyId": KMS_KEY}
    of("S3BucketServerSideEncryption").create("e", inputs)
    assert live(of, "S3BucketServerSideEncryption", bucket, inputs) == inputs
    s3.put_object(bucket, "a", io.BytesIO(b"one"), 3)
    metadata = cast("dict[str, str]", s3.stat_object(bucket, "a").metadata)
    assert metadata["x-amz-server-side-encryption"] == "aws:kms"
    s3.delete_bucket_encryption(bucket)
    assert live(of, "S3BucketServerSideEncryption", bucket, inputs) is None
    with pytest.raises(ProviderError, match=r"encryption of bucket media: MinIO said: key .* does not exist"):
        of("S3BucketServerSideEncryption").create("e", {**inputs, "kmsKeyId": "another"})


def test_lifecycle_rules_are_seen_and_repaired(of: Of, bucket: str, s3: Minio) -> None:
    inputs: dict[str, Any] = {
        "bucket": bucket,
        "rules": [
            {"id": "z", "expiration": "90d", "filter": "logs/", "noncurrentVersionExpirationDays": 1},
            {"id": "a", "noncurrentVersionExpirationDays": 14},
        ],
    }
    _, outputs = of("IlmPolicy").create("l", inputs)
    assert outputs["rules"][0]["status"] == "Enabled"
    assert live(of, "IlmPolicy", bucket, inputs) == inputs
    config = s3.get_bucket_lifecycle(bucket)
    assert config is not None
    config.rules[:] = [rule for rule in config.rules if rule.rule_id != "a"]
    s3.set_bucket_lifecycle(bucket, config)
    changed = live(of, "IlmPolicy", bucket, inputs)
    assert changed == {"bucket": bucket, "rules": [rule for rule in inputs["rules"] if rule["id"] != "a"]}
    of("IlmPolicy").update(bucket, cast("dict[str, Any]", changed), inputs)
    assert live(of, "IlmPolicy", bucket, inputs) == inputs
    of("IlmPolicy").delete(bucket, inputs)
    assert s3.get_bucket_lifecycle(bucket) is None
    assert live(of, "IlmPolicy", bucket, inputs) is None


def test_settings_of_a_bucket_that_is_not_there(of: Of) -> None:
    inputs = {"bucket": "nowhere", "versioningConfiguration": {"status": "Enabled"}}
    with pytest.raises(ProviderError, match="versioning of bucket nowhere: there is no such bucket"):
        of("S3BucketVersioning").create("v", inputs)
    assert live(of, "S3BucketVersioning", "nowhere", inputs) is None
    for name in ("S3BucketVersioning", "S3BucketServerSideEncryption", "IlmPolicy", "S3Bucket"):
        of(name).delete("nowhere", {"bucket": "nowhere"})


def test_a_user_may_log_in_until_it_is_disabled(of: Of, user: str, server: Running, admin: Any) -> None:
    inputs = {"name": user, "secret": "p" * 20}
    assert live(of, "IamUser", user, inputs) == inputs
    with pytest.raises(ProviderError, match="user web already exists"):
        of("IamUser").create("again", {**inputs, "secret": "o" * 20})
    changed = {**inputs, "secret": "q" * 20}
    assert of("IamUser").update(user, inputs, changed)["secret"] == "q" * 20
    client = server.client(user, "q" * 20)
    with pytest.raises(S3Error, match="AccessDenied"):
        client.bucket_exists("media")
    admin.user_disable(user)
    found = of("IamUser").read(user, changed, {})
    assert found == (changed, {**changed, "status": "disabled"}), "the official plugin sees no change either"
    of("IamUser").delete(user, {})
    assert live(of, "IamUser", user, inputs) is None


def test_a_key_reaches_what_its_policy_allows(of: Of, bucket: str, user: str, server: Running, s3: Minio) -> None:
    document = policy("s3:GetObject", "s3:PutObject")
    of("IamPolicy").create("p", {"name": "web-media", "policy": document})
    attachment = {"userName": user, "policyName": "web-media"}
    of("IamUserPolicyAttachment").create("a", attachment)
    inputs = {"targetUser": user, "policy": policy("s3:GetObject")}
    key, outputs = of("IamServiceAccount").create("k", inputs)
    s3.put_object(bucket, "a", io.BytesIO(b"one"), 3)
    client = server.client(key, outputs["secretKey"])
    assert client.get_object(bucket, "a").read() == b"one"
    with pytest.raises(S3Error, match="AccessDenied"):
        client.put_object(bucket, "b", io.BytesIO(b"two"), 3)
    assert live(of, "IamServiceAccount", key, inputs) == inputs
    assert live(of, "IamUserPolicyAttachment", "x", attachment) == attachment
    wider = {"targetUser": user, "policy": document}
    with base.running(base.Operation(outputs=outputs)):
        assert of("IamServiceAccount").update(key, inputs, wider)["secretKey"] == outputs["secretKey"]
    client.put_object(bucket, "b", io.BytesIO(b"two"), 3)
    assert live(of, "IamServiceAccount", key, inputs) != inputs
    of("IamServiceAccount").delete(key, outputs)
    of("IamServiceAccount").delete(key, outputs)
    assert live(of, "IamServiceAccount", key, inputs) is None
    of("IamUserPolicyAttachment").delete("x", attachment)
    assert live(of, "IamUserPolicyAttachment", "x", attachment) is None
    of("IamPolicy").delete("web-media", {})
    of("IamPolicy").delete("web-media", {})


def test_policies_are_changed_and_foreign_ones_left_alone(of: Of, admin: Any) -> None:
    inputs = {"name": "tests", "policy": policy("s3:GetObject")}
    of("IamPolicy").create("p", inputs)
    assert live(of, "IamPolicy", "tests", inputs) == inputs
    with pytest.raises(ProviderError, match="policy tests already exists"):
        of("IamPolicy").create("q", inputs)
    admin.policy_add("tests", policy=json.loads(policy("s3:DeleteObject")))
    assert live(of, "IamPolicy", "tests", inputs) != inputs
    of("IamPolicy").update("tests", inputs, inputs)
    assert live(of, "IamPolicy", "tests", inputs) == inputs
    with pytest.raises(ProviderError, match=r"policy bad: MinIO said: unsupported action 's3:Nope'"):
        of("IamPolicy").create("b", {"name": "bad", "policy": policy("s3:Nope")})
    of("IamPolicy").delete("tests", {})
    with pytest.raises(MinioAdminException, match="XMinioAdminNoSuchPolicy"):
        admin.policy_info("tests")


def test_a_disabled_user_can_lose_its_policy(of: Of, user: str, admin: Any) -> None:
    attachment = {"userName": user, "policyName": "readonly"}
    of("IamUserPolicyAttachment").create("a", attachment)
    admin.user_disable(user)
    of("IamUserPolicyAttachment").delete("x", attachment)
    found = json.loads(admin.user_info(user))
    assert (found.get("policyName", ""), found["status"]) == ("", "disabled")


@pytest.mark.usefixtures("of")
def test_a_wrong_password_is_told_without_it(server: Running) -> None:
    with pytest.raises(ProviderError, match=r"bucket media: MinIO said to tests-root: Access denied") as raised:
        replace(server, password="wrong-s3cr3t").make("S3Bucket", bucket="media")
    assert "s3cr3t" not in str(raised.value)


def test_a_certificate_that_is_not_trusted_is_told(of: Of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ProviderError, match="cannot be reached: certificate verify failed"):
        of("S3Bucket").create("b", {"bucket": "media"})
