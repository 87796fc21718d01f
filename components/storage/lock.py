"""The lock of a bucket's versions, which the official plugin cannot set: by the S3 API.

The class is stored in the state by this module's path: it must not move.
"""

import base64
import hashlib
import re
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple

import pulumi
from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from components.dynamic_errors import without_traceback
from components.s3_signature import S3Key, signed
from settings.storage import Storage

Props = dict[str, Any]
_RULE: Final = "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>{days}</Days></DefaultRetention></Rule>"
_XML: Final = (
    '<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}</ObjectLockConfiguration>"
)
_SECONDS: Final = 30
_NO_LOCK: Final = (404, 409)
"""There is no such bucket, or it was made without object locking."""


class Answer(NamedTuple):
    """What the object storage said."""

    status: int
    text: str


class LockError(Exception):
    """The object storage did not take a lock."""


def _ask(method: str, props: Mapping[str, Any], password: str, body: bytes = b"") -> Answer:
    """Send one request about the lock of a bucket; raises LockError where nobody answers."""
    endpoint, bucket, region, user = (str(props[each]) for each in ("endpoint", "bucket", "region", "user"))
    headers = {
        **signed(S3Key(endpoint, region, user, password), method, bucket, "object-lock=", body),
        "content-md5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
    }
    try:
        # It trusts what the system does, or SSL_CERT_FILE, as the plugins do.
        connection = HTTPSConnection(endpoint, timeout=_SECONDS, context=ssl.create_default_context())
        with closing(connection):
            connection.request(method, f"/{bucket}?object-lock=", body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode())
    except (OSError, HTTPException) as error:
        reason = f"{endpoint} cannot be reached: {type(error).__name__}"
        raise LockError(f"the lock of bucket {bucket} is not set: {reason}") from None


class LockProvider(ResourceProvider):
    """Sets, reads and takes away for how long each new version of a bucket is locked (governance).

    Properties: `endpoint` (host:port), `region`, `user` (the administrator), `bucket` (full name), `days`. The
    administrator's password is the configuration value `minioRootPassword` and is kept in no resource.
    """

    _password: str

    def configure(self, req: ConfigureRequest) -> None:
        """Take the password from the stack's configuration."""
        without_traceback()
        self._password = req.config.get("minioRootPassword") or ""

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """The lock of another bucket is another one; everything else is changed in place."""
        changed = [key for key in _news if key != "__provider" and _olds.get(key) != _news[key]]
        replaces = [key for key in changed if key == "bucket"]
        return DiffResult(changes=bool(changed), replaces=replaces, stables=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        """Set it; the bucket was made with object locking, which cannot be had later."""
        self._put(props, _RULE.format(days=int(props["days"])))
        return CreateResult(str(props["bucket"]), dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Ask what is set now."""
        answer = _ask("GET", props, self._password)
        found = re.search(r"<Mode>GOVERNANCE</Mode>\s*<Days>(\d+)</Days>", answer.text)
        if answer.status not in {200, 404}:
            raise LockError(_refused(props, answer))
        return ReadResult(id_, {**props, "days": int(found[1])}) if found else ReadResult("", {})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Set the days anew; what is locked already stays so until its own day."""
        self._put(_news, _RULE.format(days=int(_news["days"])))
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: Props) -> None:
        """Lock no new version; what is locked stays so."""
        self._put(_props, "", *_NO_LOCK)

    def _put(self, props: Mapping[str, Any], rule: str, *also: int) -> None:
        answer = _ask("PUT", props, self._password, _XML.format(rule=rule).encode())
        if answer.status not in {200, *also}:
            raise LockError(_refused(props, answer))


def _refused(props: Mapping[str, Any], answer: Answer) -> str:
    code = re.search(r"<Code>(\w+)</Code>", answer.text)
    why = code[1] if code else f"HTTP status {answer.status}"
    return f"the lock of bucket {props['bucket']} is not set: {props['endpoint']} said {why}"


@dataclass(frozen=True)
class LockArgs:
    """Inputs of a Lock."""

    storage: Storage
    """Where the object storage is, and who administrates it."""
    days: int
    """For how long a version is locked, in days."""


class Lock(Resource, module="storage", name="BucketLock"):
    """Each new version of a bucket is locked: who has no right to bypass that cannot delete it before its time."""

    def __init__(
        self, resource_name: str, bucket: str, args: LockArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        storage = args.storage
        props = {"endpoint": storage.endpoint, "region": storage.region, "user": storage.root_user}
        super().__init__(LockProvider(), resource_name, {**props, "bucket": bucket, "days": args.days}, opts)
