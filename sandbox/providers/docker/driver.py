# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""The driver: containers, images and volumes on the engine of the provider's host, or recorded without one."""

from sandbox.providers.base import Driver, Properties
from sandbox.providers.docker import DRIVEN, engine
from sandbox.providers.docker.containers import Containers, container_failures
from sandbox.providers.docker.images import Images
from sandbox.providers.docker.records import DockerRecords
from sandbox.providers.docker.volumes import Volumes
from sandbox.providers.handlers import Handler

_CONTAINER = "docker:index/container:Container"
_IMAGE = "docker:index/remoteImage:RemoteImage"
_VOLUME = "docker:index/volume:Volume"

_REPLACE_ON = {
    _CONTAINER: (
        "capabilities cgroupParent cgroupnsMode command cpus deviceRequests devices dns dnsOpts dnsSearches domainname "
        "entrypoints envs gpus groupAdds hostname hosts image ipcMode labels logDriver logOpts mounts name networkMode "
        "networksAdvanced pidMode platform ports privileged publishAllPorts readOnly runtime securityOpts shmSize "
        "stdinOpen stopSignal stopTimeout storageOpts sysctls tty ulimits uploads user usernsMode volumes workingDir"
    ),
    _IMAGE: "name platform pullTriggers triggers",
    _VOLUME: "driver driverOpts labels name",
}
"""As the official plugin's schema has it (`willReplaceOnChanges`)."""


class DockerDriver(Driver):
    """Does what the official plugin does, or keeps records of it."""

    def __init__(self) -> None:
        self._records = DockerRecords()
        self._handlers: dict[str, Handler] = {}

    def configure(self, variables: Properties) -> None:
        """Look which host it is; nothing is asked yet."""
        found = engine.find(variables)
        made = {_CONTAINER: Containers, _IMAGE: Images, _VOLUME: Volumes}
        self._handlers = {token: handler(found) for token, handler in made.items()} if found else {}

    def check(self, token: str, name: str, inputs: Properties) -> list[tuple[str, str]]:
        """What the official plugin refuses before it asks the engine."""
        if token not in DRIVEN:
            return [("", f"the local docker provider does not drive {token}; use the official plugin")]
        return container_failures(inputs) if token == _CONTAINER else []

    def replace_on(self, token: str) -> frozenset[str]:
        """Docker changes little in place."""
        return frozenset(_REPLACE_ON.get(token, "").split())

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:
        """Containers always, volumes because their name is given; as the official plugin does it."""
        return token != _IMAGE

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """The inputs; what would be computed is unknown."""
        return self._records.preview_outputs(token, inputs)

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the object."""
        handler = self._handlers.get(token)
        return handler.create(name, inputs) if handler else self._records.create(token, name, inputs)

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Look at the object."""
        handler = self._handlers.get(token)
        if handler is None:
            return self._records.read(token, resource_id, inputs, outputs)
        return handler.read(resource_id, inputs, outputs)

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the object."""
        handler = self._handlers.get(token)
        if handler is None:
            return self._records.update(token, resource_id, old, new)
        return handler.update(resource_id, old, new)

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """Remove the object."""
        handler = self._handlers.get(token)
        if handler:
            handler.delete(resource_id, outputs)
