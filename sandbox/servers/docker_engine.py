"""A Docker engine behind a socket: whether it answers, and the images that it is given."""

from pathlib import Path
from typing import Final

from docker import APIClient
from docker.errors import DockerException

from sandbox import images
from sandbox.faults import SandboxError
from sandbox.servers.base import Site

_ANSWER_SECONDS: Final = 10


def answers(socket: Path) -> bool:
    """Whether an engine answers at a socket now."""
    try:
        client = APIClient(base_url=f"unix://{socket}", version="auto", timeout=_ANSWER_SECONDS)
    except DockerException:
        return False
    client.close()
    return True


def load_images(socket: Path, site: Site) -> None:
    """Give an engine the images that its containers are made of; those that it has already are left alone."""
    wanted = set(images.on_hosts(site.settings))
    client = APIClient(base_url=f"unix://{socket}", version="auto", timeout=120)
    try:
        for image in site.images or ():
            if image.reference in wanted and not client.images(image.tag, quiet=True):  # pyright: ignore[reportUnknownMemberType]
                with image.archive.open("rb") as archive:
                    client.load_image(archive, quiet=True)  # pyright: ignore[reportUnknownMemberType] - it has no types
    except DockerException as error:
        raise SandboxError(f"the Docker engine at {socket} does not take the images: {error}") from error
    finally:
        client.close()
