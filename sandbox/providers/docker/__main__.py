"""The plugin process: `python -m sandbox.providers.docker ENGINE_ADDRESS`."""

from sandbox.providers.base import sdk_version
from sandbox.providers.docker.driver import DockerDriver
from sandbox.providers.service import run

if __name__ == "__main__":
    run("docker", sdk_version("docker"), DockerDriver())
