"""The driver: Docker's objects on the engine of the provider's host, or recorded without one."""

from sandbox.providers.base import Properties
from sandbox.providers.docker import engine
from sandbox.providers.docker.containers import Containers
from sandbox.providers.docker.images import Images
from sandbox.providers.docker.networks import Networks
from sandbox.providers.docker.records import DockerRecords
from sandbox.providers.docker.volumes import Volumes
from sandbox.providers.handlers import HandlerDriver

_HANDLERS = {
    "docker:index/container:Container": Containers,
    "docker:index/network:Network": Networks,
    "docker:index/remoteImage:RemoteImage": Images,
    "docker:index/volume:Volume": Volumes,
}


class DockerDriver(HandlerDriver):
    """Does what the official plugin does, or keeps records of it."""

    def __init__(self) -> None:
        super().__init__("docker", {token: handler(None) for token, handler in _HANDLERS.items()})
        self._records: DockerRecords | None = DockerRecords()

    def configure(self, variables: Properties) -> None:
        """Look which host it is; nothing is asked yet."""
        found = engine.find(variables)
        self.handlers = {token: handler(found) for token, handler in _HANDLERS.items()}
        self._records = None if found else DockerRecords()

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the object."""
        return (self._records or super()).create(token, name, inputs)

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Look at the object."""
        return (self._records or super()).read(token, resource_id, inputs, outputs)

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the object."""
        return (self._records or super()).update(token, resource_id, old, new)

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """Remove the object."""
        (self._records or super()).delete(token, resource_id, outputs)
