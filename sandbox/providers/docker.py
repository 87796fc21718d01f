# ruff: noqa: ARG002 - the protocol's signatures
"""The package `docker`: there is no Docker engine, so containers, networks, volumes and images are recorded.

What a program may need to go on (image ids, digests, mount points) is made up from the inputs, the same every time.
"""

import re
from typing import Any

from sandbox.providers.base import Properties, ProviderError, random_name, sdk_version, serve
from sandbox.providers.recorded import Recorded, digest

DRIVEN: frozenset[str] = frozenset()
SERVER = "none (recorded)"

_CONTAINER = (
    "capabilities cgroupParent cgroupnsMode command cpus deviceRequests devices dns dnsOpts dnsSearches domainname "
    "entrypoints envs gpus groupAdds hostname hosts image ipcMode labels logDriver logOpts mounts name networkMode "
    "networksAdvanced pidMode platform ports privileged publishAllPorts readOnly runtime securityOpts shmSize "
    "stdinOpen stopSignal stopTimeout storageOpts sysctls tty ulimits uploads user usernsMode volumes workingDir"
)
_REPLACE_ON = {
    "docker:index/container:Container": _CONTAINER,
    "docker:index/network:Network": (
        "attachable driver ingress internal ipamConfigs ipamDriver ipamOptions ipv6 labels name options"
    ),
    "docker:index/volume:Volume": "driver driverOpts labels name",
    "docker:index/remoteImage:RemoteImage": "name platform pullTriggers triggers",
    "docker:index/registryImage:RegistryImage": "name triggers",
    "docker:index/secret:Secret": "data labels name",
    "docker:index/serviceConfig:ServiceConfig": "data dataRaw labels name",
    "docker:index/service:Service": "auth mode name",
    "docker:index/plugin:Plugin": "alias name",
    "docker:index/tag:Tag": "sourceImage tagTriggers targetImage",
}
"""As the official plugin's schema has it (`willReplaceOnChanges`)."""

_SECRET_TYPE = "docker:index/secret:Secret"  # noqa: S105 - a type's name
_BUILT_IMAGE = "docker:index/image:Image"

_TAG = re.compile(r":[^:/]+$")

_NAMED = frozenset(
    f"docker:index/{kind}"
    for kind in ("container:Container", "network:Network", "volume:Volume", "secret:Secret", "service:Service")
)
"""Types whose `name` is generated when the program gives none."""


class DockerDriver(Recorded):
    """Records Docker's objects."""

    def defaults(self, token: str, name: str, inputs: Properties, old: Properties) -> Properties:
        """A generated name where there is none."""
        if token not in _NAMED or "name" in inputs:
            return inputs
        return {**inputs, "name": old.get("name") or random_name(name)}

    def replace_on(self, token: str) -> frozenset[str]:
        """Docker changes little in place."""
        return frozenset(_REPLACE_ON.get(token, "").split())

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:
        """Two containers cannot have one name."""
        return token in _NAMED and old.get("name") == new.get("name")

    def secrets(self, token: str) -> frozenset[str]:
        """A Docker secret's content."""
        return frozenset({"data"}) if token == _SECRET_TYPE else frozenset()

    def computed(self, token: str, name: str, inputs: Properties) -> Properties:
        """Ids and digests in the form in which Docker gives them."""
        image = str(inputs.get("name", ""))
        content = f"sha256:{digest(image)}"
        known: dict[str, dict[str, Any]] = {
            "docker:index/remoteImage:RemoteImage": {
                "imageId": content,
                "repoDigest": image if "@" in image else f"{_TAG.sub('', image)}@{content}",
            },
            "docker:index/registryImage:RegistryImage": {"sha256Digest": content},
            "docker:index/volume:Volume": {"mountpoint": f"/var/lib/docker/volumes/{image}/_data"},
            "docker:index/network:Network": {"scope": "local"},
            "docker:index/tag:Tag": {"sourceImageId": f"sha256:{digest(inputs.get('sourceImage'))}"},
        }
        return known.get(token, {})

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Record it under an id like Docker's."""
        if token == _BUILT_IMAGE:
            raise ProviderError(f"image {name}: building needs a Docker engine, which the sandbox does not have")
        _, outputs = super().create(token, name, inputs)
        return digest(token, name, inputs.get("name")), outputs


if __name__ == "__main__":
    serve("docker", sdk_version("docker"), DockerDriver())
