"""Requests to the S3 API of a bucket are signed (Signature Version 4)."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class S3Key:
    """A key, and where it is used."""

    endpoint: str
    """host:port of the S3 API, spoken to with TLS."""
    region: str
    """Region that requests are signed for."""
    access_key: str
    secret_key: str


def signed(key: S3Key, method: str, bucket: str, query: str, body: bytes = b"") -> dict[str, str]:
    """Headers of a request on a whole bucket.

    Args:
        key: Who asks.
        method: `GET` or `PUT`.
        bucket: Full name.
        query: What stands after the question mark: encoded, in the order of the names.
        body: What is sent.
    """
    moment, digest = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", hashlib.sha256(body).hexdigest()
    headers = {"host": key.endpoint.removesuffix(":443"), "x-amz-content-sha256": digest, "x-amz-date": moment}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"{method}\n/{bucket}\n{query}\n{lines}\n{names}\n{digest}"
    scope = f"{moment[:8]}/{key.region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    secret = f"AWS4{key.secret_key}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    said = f"AWS4-HMAC-SHA256 Credential={key.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": said}
