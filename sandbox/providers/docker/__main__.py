"""The plugin process: `python -m sandbox.providers.docker ENGINE_ADDRESS`."""

from sandbox.providers.base import sdk_version, serve
from sandbox.providers.docker.driver import DockerDriver

if __name__ == "__main__":
    serve("docker", sdk_version("docker"), DockerDriver())
