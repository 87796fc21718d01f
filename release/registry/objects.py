"""When each image was pushed: the registry's API does not tell, the objects of its bucket do."""

import re
import xml.etree.ElementTree as Xml
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

import requests

from components.s3_signature import S3Key, signed
from release.errors import ReleaseError

_LINK: Final = re.compile(r"docker/registry/v2/repositories/(.+)/_manifests/revisions/sha256/([0-9a-f]{64})/link")
_PREFIX: Final = "docker/registry/v2/repositories/"
_SECONDS: Final = 60


@dataclass(frozen=True)
class Bucket:
    """The registry's bucket, with a key that reads it."""

    endpoint: str
    """host:port of the S3 API, spoken to with TLS."""
    region: str
    name: str
    access_key: str
    secret_key: str
    authorities: str | None = None
    """File with the authorities to trust; None for the system's."""

    def pushed(self) -> Iterator[tuple[str, str, datetime]]:
        """Repository, digest and moment of the last push of each image.

        Raises:
            ReleaseError: When the object storage does not tell.
        """
        after = ""
        while True:
            page = self._list({"list-type": "2", "prefix": _PREFIX, **({"continuation-token": after} if after else {})})
            for item in page.iterfind("{*}Contents"):
                found = _LINK.fullmatch(item.findtext("{*}Key") or "")
                if found is not None:
                    moment = datetime.fromisoformat(item.findtext("{*}LastModified") or "")
                    yield found[1], f"sha256:{found[2]}", moment
            after = page.findtext("{*}NextContinuationToken") or ""
            if not after:
                return

    def _list(self, query: Mapping[str, str]) -> Xml.Element:
        text = "&".join(f"{quote(key, safe='')}={quote(query[key], safe='')}" for key in sorted(query))
        url = f"https://{self.endpoint}/{self.name}?{text}"
        key = S3Key(self.endpoint, self.region, self.access_key, self.secret_key)
        try:
            answer = requests.get(
                url,
                headers=signed(key, "GET", self.name, text),
                timeout=_SECONDS,
                verify=self.authorities or True,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            kind = type(error).__name__
            raise ReleaseError(f"the object storage at {self.endpoint} cannot be asked ({kind})") from None
        if answer.status_code != requests.codes.ok:
            raise ReleaseError(f"the object storage refuses to list bucket {self.name} (status {answer.status_code})")
        return Xml.fromstring(answer.content)  # noqa: S314 - the platform's own server
