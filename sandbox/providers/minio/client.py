"""MinIO's S3 and admin API by the `minio` package: bounded in time, its refusals as one sentence.

What the package does not know of the admin API (a service account for another user) is added here; the `Any` of its
answers stays in this module.
"""

import json
import os
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any, NamedTuple, TypeVar, cast

import certifi
import urllib3
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.crypto import decrypt, encrypt
from minio.error import InvalidResponseError, MinioAdminException, S3Error, ServerError

from sandbox.providers.base import CONNECT_TIMEOUT, READ_TIMEOUT, ProviderError, reason

Result = TypeVar("Result")
# Tries after the first one: only what never reached the server, and "try again later", is sent again.
_RETRIES = urllib3.Retry(connect=3, read=0, redirect=0, status=2, other=0, backoff_factor=0.5, status_forcelist=[503],
                         allowed_methods=None, raise_on_status=False, respect_retry_after_header=False)  # fmt: skip


# Refusals that are about who asks.
_ABOUT_ASKER = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")


class RefusedError(ProviderError):
    """The server refused a request; `code` is its error code, such as NoSuchBucket."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class Settings(NamedTuple):
    """Where the server is and who asks."""

    server: str
    user: str
    password: str
    region: str
    tls: bool

    @property
    def url(self) -> str:
        """URL of the S3 API."""
        return f"{'https' if self.tls else 'http'}://{self.server}"


def settings(variables: Mapping[str, Any]) -> Settings:
    """The provider's inputs, checked; raises `ProviderError` for what is missing or malformed."""
    server = str(variables.get("minioServer") or os.environ.get("MINIO_ENDPOINT", ""))
    if not server or "/" in server:
        raise ProviderError(
            f"minio: minioServer is {server!r}; give host:port without a scheme, such as 127.0.0.1:9000"
        )
    if variables.get("minioInsecure"):
        raise ProviderError("minio: minioInsecure is set; the local provider always verifies the server's certificate")
    user = variables.get("minioUser") or variables.get("minioAccessKey") or os.environ.get("MINIO_USER")
    password = variables.get("minioPassword") or variables.get("minioSecretKey") or os.environ.get("MINIO_PASSWORD")
    if not user or not password:
        raise ProviderError("minio: minioUser and minioPassword are needed")
    region = str(variables.get("minioRegion") or "us-east-1")
    return Settings(server, str(user), str(password), region, bool(variables.get("minioSsl")))


class _Command(Enum):
    """Admin calls that the package has no method for."""

    ADD_SERVICE_ACCOUNT = "add-service-account"


class _Admin(MinioAdmin):
    """The admin client, with the calls that the package lacks."""

    def send_encrypted(self, command: _Command, body: Mapping[str, Any], secret: str) -> Any:
        """PUT a body that is encrypted with the administrator's password; the decrypted answer."""
        response = self._url_open(
            method="PUT",
            command=cast("Any", command),
            body=encrypt(json.dumps(body).encode(), secret),
            preload_content=False,
        )
        return json.loads(decrypt(response, secret))


class Client:
    """One server. Threads may share it: so does the connection pool."""

    def __init__(self, given: Settings) -> None:
        self.settings = given
        self._s3 = Minio(
            given.server,
            access_key=given.user,
            secret_key=given.password,
            region=given.region,
            secure=given.tls,
            http_client=_pool(),
        )
        self._admin = _Admin(
            endpoint=given.server,
            credentials=StaticProvider(given.user, given.password),
            region=given.region,
            secure=given.tls,
            http_client=_pool(),
        )

    def s3(self, subject: str, call: Callable[[Minio], Result], *gone: str) -> Result | None:
        """Ask the S3 API; `subject` names the object in an error, `gone` are codes that are answered with None."""
        with self._told(subject, gone):
            return call(self._s3)

    def admin(self, subject: str, call: Callable[[Any], str], *gone: str) -> Any:
        """Ask the admin API (a `MinioAdmin`, which is typed in part); its answer from JSON, None if there is none."""
        text = ""
        with self._told(subject, gone):
            text = call(self._admin)
        return json.loads(text) if text and text.strip() else None

    def add_service_account(self, subject: str, **options: Any) -> dict[str, Any]:
        """Make a key for a user; `accessKey` and `secretKey`."""
        with self._told(subject):
            answer = self._admin.send_encrypted(_Command.ADD_SERVICE_ACCOUNT, options, self.settings.password)
        return cast("dict[str, Any]", answer["credentials"])

    @contextmanager
    def _told(self, subject: str, gone: Collection[str] = ()) -> Generator[None]:
        """Turn what goes wrong into one sentence; what is gone is nothing wrong."""
        try:
            yield
        except (S3Error, MinioAdminException) as error:
            s3 = isinstance(error, S3Error)
            code, message = (str(error.code), str(error.message or error.code)) if s3 else _admin_reason(error)
            if code not in gone:
                raise self._refused(subject, code, message) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ProviderError(f"MinIO at {self.settings.url} cannot be reached: {reason(error)}") from None
        except (InvalidResponseError, ServerError) as error:
            raise ProviderError(f"{subject}: MinIO at {self.settings.url} gave no proper answer ({error})") from None
        except ValueError as error:  # the package checks names and sizes before it sends anything
            raise ProviderError(f"{subject}: {error}") from None

    def _refused(self, subject: str, code: str, message: str) -> RefusedError:
        asker = f" to {self.settings.user}" if code in _ABOUT_ASKER else ""
        return RefusedError(f"{subject}: MinIO said{asker}: {message} ({code})", code)


def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        maxsize=32,
        cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        retries=_RETRIES,
    )


def _admin_reason(error: Any) -> tuple[str, str]:
    """(code, message) of an admin error, whose body is JSON or nothing."""
    status, body = str(error._code), str(error._body)
    try:
        said = cast("dict[str, Any]", json.loads(body))
    except ValueError:
        return status, f"HTTP status {status}"
    return str(said.get("Code", status)), str(said.get("Message") or body)
