"""A container and the files that it reads, as a program declares them."""

import pulumi
from pulumi_docker import Container

from components.docker_files import DockerFiles, DockerFilesArgs
from tests.e2e.docker.declared import in_order
from tests.recording import Declared, record


def reader(image: str, content: str) -> list[Declared]:
    """A reader and its files, as the program declares them."""

    def program() -> None:
        made = DockerFiles(
            "reader-files", DockerFilesArgs("reader", image, "/etc/reader", {"a.txt": content}, {"of": "reader"})
        )
        Container(
            "reader-container",
            name="reader",
            image=image,
            command=["--port=8080"],
            read_only=True,
            user="65534:0",
            mounts=[made.mount],
            opts=pulumi.ResourceOptions(depends_on=[made]),
        )

    return in_order(record(program))
