"""Files on a datastore: downloads by the node itself, and uploads, which the official plugin sends over SSH."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, adopting
from sandbox.providers.handlers import Handler, changed
from sandbox.providers.proxmoxve.parts import child
from sandbox.providers.proxmoxve.settings import ApiError
from sandbox.providers.recorded import Recorded
from sandbox.providers.rules import Failures, Rule, failures, matching, not_empty, word

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

_KEPT = ("contentType", "datastoreId", "nodeName", "url", "checksum", "checksumAlgorithm", "decompressionAlgorithm",
         "fileName")  # fmt: skip
_RULES: dict[str, Rule] = {
    "contentType": word("iso vztmpl import"),
    "checksumAlgorithm": word("md5 sha1 sha224 sha256 sha384 sha512"),
    "decompressionAlgorithm": word("gz lzo zst bz2"),
    "datastoreId": not_empty,
    "nodeName": not_empty,
    "url": matching(r"https?://.+", "a URL that begins with http:// or https://"),
}


def file_name(inputs: Properties) -> str:
    """The declared file name, else the last part of the URL."""
    return str(inputs.get("fileName") or urlsplit(str(inputs["url"])).path.rsplit("/", 1)[-1])


class Downloads(Handler):
    """`download.File`: an image or template that the node downloads."""

    def __init__(self, client: Callable[[], "Client"]) -> None:
        self._client = client

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        found = failures(_RULES, inputs)
        for name, other in (("checksum", "checksumAlgorithm"), ("checksumAlgorithm", "checksum")):
            if inputs.get(name) and not inputs.get(other):
                found.append((name, f"needs {other} as well"))
        return found

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Another source or place is another file."""
        return frozenset(name for name in _KEPT if changed(old, new, name))

    def computed(self, inputs: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Outputs that only the server knows."""
        return {"fileName": UNKNOWN, "size": UNKNOWN}

    def _find(self, resource_id: str, inputs: Properties) -> dict[str, Any] | None:
        path = f"nodes/{inputs['nodeName']}/storage/{inputs['datastoreId']}/content"
        listed = cast("list[dict[str, Any]] | None", self._client().find(path, content=inputs["contentType"]))
        return next((item for item in listed or [] if item["volid"] == resource_id), None)

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002 - the protocol's
        """Let the node download the file."""
        resource_id = f"{inputs['datastoreId']}:{inputs['contentType']}/{file_name(inputs)}"
        if self._find(resource_id, inputs) is not None:
            if not adopting() and not inputs.get("overwriteUnmanaged"):
                raise ProviderError(
                    f"file {resource_id} exists already on node {inputs['nodeName']}; "
                    "set overwriteUnmanaged to replace it, or give another fileName"
                )
            self.delete(resource_id, inputs)
        given = {
            "checksum": inputs.get("checksum"),
            "checksum-algorithm": inputs.get("checksumAlgorithm"),
            "compression": inputs.get("decompressionAlgorithm"),
            "verify-certificates": 0 if inputs.get("verify") is False else 1,
        }
        path = f"nodes/{inputs['nodeName']}/storage/{inputs['datastoreId']}/download-url"
        self._client().post(
            path,
            f"file {resource_id} on node {inputs['nodeName']}",
            content=inputs["contentType"],
            filename=file_name(inputs),
            url=inputs["url"],
            **{key: value for key, value in given.items() if value is not None},
        )
        return resource_id, self._outputs(resource_id, inputs)

    def _outputs(self, resource_id: str, inputs: Properties) -> Properties:
        found = self._find(resource_id, inputs)
        if found is None:
            raise ProviderError(f"file {resource_id}: the Proxmox API took the download, but does not list the file")
        return {"size": int(found["size"]), "fileName": file_name(inputs), **inputs}

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The file, if it is still there."""
        if not inputs:
            raise ProviderError(f"file {resource_id} cannot be imported; declare it and let it be downloaded")
        return (inputs, self._outputs(resource_id, inputs)) if self._find(resource_id, inputs) else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Only how to treat the file can change, not the file."""
        return self._outputs(resource_id, new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the file."""
        path = f"nodes/{outputs['nodeName']}/storage/{outputs['datastoreId']}/content/{resource_id}"
        try:
            self._client().delete(path, f"file {resource_id}")
        except ApiError as error:
            if not error.missing:
                raise


class Uploads(Recorded):
    """`FileLegacy`: recorded, since the official plugin sends snippets over SSH to a node; its id is the file's own."""

    def computed(self, token: str, name: str, inputs: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """The file's name, from its source."""
        source = child(inputs, "sourceRaw").get("fileName") or child(inputs, "sourceFile").get("fileName")
        source = source or str(child(inputs, "sourceFile").get("path", name)).rsplit("/", 1)[-1]
        return {"fileName": source}

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Keep the inputs under the id that a guest's config refers to."""
        outputs = super().create(token, name, inputs)[1]
        kind = inputs.get("contentType") or "snippets"
        return f"{inputs['datastoreId']}:{kind}/{outputs['fileName']}", outputs
