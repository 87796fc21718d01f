"""Files for a container on a Docker host whose own root file system is read-only.

An upload goes through the container's root, and the engine refuses it where that is read-only, for a path in a volume
too. So the files are uploaded into a second container that has the same volume, may write, and is never started.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_docker as docker

_COST: Final = 2**14
"""What a guess costs; with it scrypt takes some 50 ms and 16 MiB."""


@dataclass(frozen=True)
class DockerFilesArgs:
    """Inputs of DockerFiles."""

    owner: str
    """Name of the container that reads the files."""
    image: str
    """An image that the host has; nothing of it runs. No output, so that policies know it before the update."""
    folder: str
    """Absolute path of the folder; the same in both containers."""
    files: Mapping[str, pulumi.Input[str]]
    """Contents by name in that folder; may be secret."""
    labels: Mapping[str, str]
    """Labels of the container."""
    after: pulumi.Resource | None = None
    """What puts the image on the host."""


class DockerFiles(pulumi.ComponentResource):
    """A volume with files that root and its group may read, and nobody else; another content is another volume."""

    mount: docker.ContainerMountArgs
    """Mount for the container that reads them."""

    def __init__(self, name: str, args: DockerFilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:compute:DockerFiles", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # A container keeps what it has mounted, so it is replaced with its files; a name that follows from the content
        # does that. It is no secret: nothing that a person would choose as a password is found from it.
        versioned = pulumi.Output.unsecret(
            pulumi.Output.all(**args.files).apply(lambda files: f"{args.owner}-files-{_version(args.owner, files)}")
        )
        volume = docker.Volume(f"{name}-volume", name=versioned, opts=child)
        docker.Container(
            f"{name}-container",
            name=versioned,
            image=args.image,
            start=False,
            must_run=False,
            network_mode="none",
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges"],
            mounts=[docker.ContainerMountArgs(type="volume", source=volume.name, target=args.folder)],
            uploads=[
                docker.ContainerUploadArgs(file=f"{args.folder}/{file}", content=content, permissions="0440")
                for file, content in args.files.items()
            ],
            labels=[docker.ContainerLabelArgs(label=label, value=value) for label, value in args.labels.items()],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[] if args.after is None else [args.after]),
        )
        self.mount = docker.ContainerMountArgs(type="volume", source=volume.name, target=args.folder, read_only=True)
        self.register_outputs({"volume": volume.name})


def _version(owner: str, files: Mapping[str, str]) -> str:
    """Twelve hexadecimal digits that follow from the files, and from which they cannot be guessed."""
    content = "\0".join(part for file in sorted(files) for part in (file, files[file]))
    return hashlib.scrypt(content.encode(), salt=owner.encode(), n=_COST, r=8, p=1, dklen=6).hex()
