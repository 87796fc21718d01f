"""The minio provider against a real MinIO; what is asserted is read from the server with a client of its own."""

import io
import json
from collections.abc import Generator
from typing import Any, cast

import pytest
import urllib3
from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED
from minio.credentials.providers import StaticProvider
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, S3Error
from minio.versioningconfig import SUSPENDED, VersioningConfig

from sandbox.providers import base
from sandbox.providers.base import ProviderError
from sandbox.providers.minio.driver import MinioDriver
from tests.e2e.providers.minio_server import KMS_KEY, Running, running
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]


def token(name: str) -> str:
    return f"minio:index/{name[0].lower()}{name[1:]}:{name}"


def policy(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": ["arn:aws:s3:::media/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    program = ensure("minio")["minio"]
    with running(program, tmp_path_factory.mktemp("minio")) as found:
        yield found


@pytest.fixture
def driver(server: Running, monkeypatch: pytest.MonkeyPatch) -> MinioDriver:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.bundle))
    made = MinioDriver()
    made.configure(
        {"minioServer": server.server, "minioUser": server.user, "minioPassword": server.password, "minioSsl": True}
    )
    return made


def pool(server: Running) -> urllib3.PoolManager:
    return urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=str(server.bundle))


@pytest.fixture
def s3(server: Running) -> Minio:
    return Minio(server.server, access_key=server.user, secret_key=server.password, http_client=pool(server))


@pytest.fixture
def admin(server: Running) -> Any:
    credentials = StaticProvider(server.user, server.password)
    return MinioAdmin(endpoint=server.server, credentials=credentials, http_client=pool(server))


@pytest.fixture
def bucket(driver: MinioDriver, s3: Minio) -> Generator[str]:
    inputs = {"bucket": "media", "quota": 1024**3}
    driver.create(token("S3Bucket"), "media", inputs)
    yield "media"
    found = s3.list_objects("media", recursive=True, include_version=True)
    errors = s3.remove_objects("media", (DeleteObject(str(each.object_name), each.version_id) for each in found))
    assert list(errors) == []
    driver.delete(token("S3Bucket"), "media", inputs)
    assert not s3.bucket_exists("media")


@pytest.fixture
def user(driver: MinioDriver) -> Generator[str]:
    driver.create(token("IamUser"), "web", {"name": "web", "secret": "p" * 20})
    yield "web"
    driver.delete(token("IamUser"), "web", {})


def live(driver: MinioDriver, name: str, resource_id: str, inputs: dict[str, Any]) -> dict[str, Any] | None:
    found = driver.read(token(name), resource_id, inputs, {})
    return None if found is None else found[0]


def quota(admin: Any) -> int:
    return int(json.loads(admin.bucket_quota_get("media"))["quota"])


def test_a_bucket_has_its_quota(driver: MinioDriver, bucket: str, s3: Minio, admin: Any) -> None:
    inputs = {"bucket": bucket, "quota": 1024**3}
    assert s3.bucket_exists(bucket)
    assert quota(admin) == 1024**3
    assert live(driver, "S3Bucket", bucket, inputs) == inputs
    admin.bucket_quota_set(bucket, 5)
    known = driver.read(token("S3Bucket"), bucket, inputs, {"bucket": bucket})
    assert known is not None
    assert known[0] == inputs, "the official plugin does not ask"
    # Of what a killed run had begun nobody knows: it has no outputs.
    assert live(driver, "S3Bucket", bucket, inputs) == {**inputs, "quota": 5}
    driver.update(token("S3Bucket"), bucket, inputs, {"bucket": bucket})
    assert quota(admin) == 0


def test_a_bucket_that_exists_is_an_error(driver: MinioDriver, bucket: str, admin: Any) -> None:
    with pytest.raises(ProviderError, match="bucket media already exists"):
        driver.create(token("S3Bucket"), "again", {"bucket": bucket, "quota": 5})
    assert quota(admin) == 1024**3


def test_objects_save_a_bucket(driver: MinioDriver, bucket: str, s3: Minio) -> None:
    s3.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    for content in (b"one", b"two"):
        s3.put_object(bucket, "a", io.BytesIO(content), 3)
    s3.remove_object(bucket, "a")
    with pytest.raises(ProviderError, match="bucket media is not empty and was not removed"):
        driver.delete(token("S3Bucket"), bucket, {"bucket": bucket})
    assert s3.bucket_exists(bucket)


def test_versioning_is_seen_and_repaired(driver: MinioDriver, bucket: str, s3: Minio) -> None:
    inputs = {"bucket": bucket, "versioningConfiguration": {"status": "Enabled"}}
    assert live(driver, "S3BucketVersioning", bucket, inputs) is None
    driver.create(token("S3BucketVersioning"), "v", inputs)
    assert s3.get_bucket_versioning(bucket).status == ENABLED
    assert live(driver, "S3BucketVersioning", bucket, inputs) == inputs
    s3.set_bucket_versioning(bucket, VersioningConfig(SUSPENDED))
    changed = live(driver, "S3BucketVersioning", bucket, inputs)
    assert changed == {"bucket": bucket, "versioningConfiguration": {"status": "Suspended"}}
    driver.update(token("S3BucketVersioning"), bucket, cast("dict[str, Any]", changed), inputs)
    assert s3.get_bucket_versioning(bucket).status == ENABLED
    driver.delete(token("S3BucketVersioning"), bucket, inputs)
    assert s3.get_bucket_versioning(bucket).status == SUSPENDED


def test_encryption_is_seen_and_repaired(driver: MinioDriver, bucket: str, s3: Minio) -> None:
    inputs = {"bucket": bucket, "encryptionType": "aws:kms", "kmsKeyId": KMS_KEY}
    driver.create(token("S3BucketServerSideEncryption"), "e", inputs)
    assert live(driver, "S3BucketServerSideEncryption", bucket, inputs) == inputs
    s3.put_object(bucket, "a", io.BytesIO(b"one"), 3)
    metadata = cast("dict[str, str]", s3.stat_object(bucket, "a").metadata)
    assert metadata["x-amz-server-side-encryption"] == "aws:kms"
    s3.delete_bucket_encryption(bucket)
    assert live(driver, "S3BucketServerSideEncryption", bucket, inputs) is None
    with pytest.raises(ProviderError, match=r"encryption of bucket media: MinIO said: key .* does not exist"):
        driver.create(token("S3BucketServerSideEncryption"), "e", {**inputs, "kmsKeyId": "another"})


def test_lifecycle_rules_are_seen_and_repaired(driver: MinioDriver, bucket: str, s3: Minio) -> None:
    inputs: dict[str, Any] = {
        "bucket": bucket,
        "rules": [
            {"id": "z", "expiration": "90d", "filter": "logs/", "noncurrentVersionExpirationDays": 1},
            {"id": "a", "noncurrentVersionExpirationDays": 14},
        ],
    }
    _, outputs = driver.create(token("IlmPolicy"), "l", inputs)
    assert outputs["rules"][0]["status"] == "Enabled"
    assert live(driver, "IlmPolicy", bucket, inputs) == inputs
    config = s3.get_bucket_lifecycle(bucket)
    assert config is not None
    config.rules[:] = [rule for rule in config.rules if rule.rule_id != "a"]
    s3.set_bucket_lifecycle(bucket, config)
    changed = live(driver, "IlmPolicy", bucket, inputs)
    assert changed == {"bucket": bucket, "rules": [rule for rule in inputs["rules"] if rule["id"] != "a"]}
    driver.update(token("IlmPolicy"), bucket, cast("dict[str, Any]", changed), inputs)
    assert live(driver, "IlmPolicy", bucket, inputs) == inputs
    driver.delete(token("IlmPolicy"), bucket, inputs)
    assert s3.get_bucket_lifecycle(bucket) is None
    assert live(driver, "IlmPolicy", bucket, inputs) is None


def test_settings_of_a_bucket_that_is_not_there(driver: MinioDriver) -> None:
    inputs = {"bucket": "nowhere", "versioningConfiguration": {"status": "Enabled"}}
    with pytest.raises(ProviderError, match="versioning of bucket nowhere: there is no such bucket"):
        driver.create(token("S3BucketVersioning"), "v", inputs)
    assert live(driver, "S3BucketVersioning", "nowhere", inputs) is None
    for name in ("S3BucketVersioning", "S3BucketServerSideEncryption", "IlmPolicy", "S3Bucket"):
        driver.delete(token(name), "nowhere", {"bucket": "nowhere"})


def test_a_user_may_log_in_until_it_is_disabled(driver: MinioDriver, user: str, server: Running, admin: Any) -> None:
    inputs = {"name": user, "secret": "p" * 20}
    assert live(driver, "IamUser", user, inputs) == inputs
    with pytest.raises(ProviderError, match="user web already exists"):
        driver.create(token("IamUser"), "again", {**inputs, "secret": "o" * 20})
    changed = {**inputs, "secret": "q" * 20}
    assert driver.update(token("IamUser"), user, inputs, changed)["secret"] == "q" * 20
    client = Minio(server.server, access_key=user, secret_key="q" * 20, http_client=pool(server))
    with pytest.raises(S3Error, match="AccessDenied"):
        client.bucket_exists("media")
    admin.user_disable(user)
    found = driver.read(token("IamUser"), user, changed, {})
    assert found == (changed, {**changed, "status": "disabled"}), "the official plugin sees no change either"
    driver.delete(token("IamUser"), user, {})
    assert live(driver, "IamUser", user, inputs) is None


def test_a_key_reaches_what_its_policy_allows(
    driver: MinioDriver, bucket: str, user: str, server: Running, s3: Minio
) -> None:
    document = policy("s3:GetObject", "s3:PutObject")
    driver.create(token("IamPolicy"), "p", {"name": "web-media", "policy": document})
    attachment = {"userName": user, "policyName": "web-media"}
    driver.create(token("IamUserPolicyAttachment"), "a", attachment)
    inputs = {"targetUser": user, "policy": policy("s3:GetObject")}
    key, outputs = driver.create(token("IamServiceAccount"), "k", inputs)
    s3.put_object(bucket, "a", io.BytesIO(b"one"), 3)
    client = Minio(
        server.server, access_key=key, secret_key=outputs["secretKey"], region="us-east-1", http_client=pool(server)
    )
    assert client.get_object(bucket, "a").read() == b"one"
    with pytest.raises(S3Error, match="AccessDenied"):
        client.put_object(bucket, "b", io.BytesIO(b"two"), 3)
    assert live(driver, "IamServiceAccount", key, inputs) == inputs
    assert live(driver, "IamUserPolicyAttachment", "x", attachment) == attachment
    wider = {"targetUser": user, "policy": document}
    with base.running(base.Operation(outputs=outputs)):
        assert driver.update(token("IamServiceAccount"), key, inputs, wider)["secretKey"] == outputs["secretKey"]
    client.put_object(bucket, "b", io.BytesIO(b"two"), 3)
    assert live(driver, "IamServiceAccount", key, inputs) != inputs
    driver.delete(token("IamServiceAccount"), key, outputs)
    driver.delete(token("IamServiceAccount"), key, outputs)
    assert live(driver, "IamServiceAccount", key, inputs) is None
    driver.delete(token("IamUserPolicyAttachment"), "x", attachment)
    assert live(driver, "IamUserPolicyAttachment", "x", attachment) is None
    driver.delete(token("IamPolicy"), "web-media", {})
    driver.delete(token("IamPolicy"), "web-media", {})


def test_policies_are_changed_and_foreign_ones_left_alone(driver: MinioDriver, admin: Any) -> None:
    inputs = {"name": "tests", "policy": policy("s3:GetObject")}
    driver.create(token("IamPolicy"), "p", inputs)
    assert live(driver, "IamPolicy", "tests", inputs) == inputs
    with pytest.raises(ProviderError, match="policy tests already exists"):
        driver.create(token("IamPolicy"), "q", inputs)
    admin.policy_add("tests", policy=json.loads(policy("s3:DeleteObject")))
    assert live(driver, "IamPolicy", "tests", inputs) != inputs
    driver.update(token("IamPolicy"), "tests", inputs, inputs)
    assert live(driver, "IamPolicy", "tests", inputs) == inputs
    with pytest.raises(ProviderError, match=r"policy bad: MinIO said: unsupported action 's3:Nope'"):
        driver.create(token("IamPolicy"), "b", {"name": "bad", "policy": policy("s3:Nope")})
    driver.delete(token("IamPolicy"), "tests", {})
    with pytest.raises(MinioAdminException, match="XMinioAdminNoSuchPolicy"):
        admin.policy_info("tests")


def test_a_disabled_user_can_lose_its_policy(driver: MinioDriver, user: str, admin: Any) -> None:
    attachment = {"userName": user, "policyName": "readonly"}
    driver.create(token("IamUserPolicyAttachment"), "a", attachment)
    admin.user_disable(user)
    driver.delete(token("IamUserPolicyAttachment"), "x", attachment)
    found = json.loads(admin.user_info(user))
    assert (found.get("policyName", ""), found["status"]) == ("", "disabled")


def test_a_wrong_password_is_told_without_it(driver: MinioDriver, server: Running) -> None:
    driver.configure(
        {"minioServer": server.server, "minioUser": server.user, "minioPassword": "wrong-s3cr3t", "minioSsl": True}
    )
    with pytest.raises(ProviderError, match=r"bucket media: MinIO said to tests-root: Access denied") as raised:
        driver.create(token("S3Bucket"), "b", {"bucket": "media"})
    assert "s3cr3t" not in str(raised.value)


def test_a_certificate_that_is_not_trusted_is_told(
    driver: MinioDriver, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    driver.configure(
        {"minioServer": server.server, "minioUser": server.user, "minioPassword": server.password, "minioSsl": True}
    )
    with pytest.raises(ProviderError, match="cannot be reached: certificate verify failed"):
        driver.create(token("S3Bucket"), "b", {"bucket": "media"})
