"""`releases/<stack>.yaml`: what runs in which slot. Written by the release tool, read here."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from settings.services import ServiceName
from settings.values import Area, Form, Slot, Slots

Image = Annotated[
    str,
    Form(
        r"^[a-z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)+@sha256:[0-9a-f]{64}$",
        "an image by digest: registry host, repository, @sha256: and 64 hexadecimal digits; a tag can be moved, "
        "a digest cannot",
    ),
]


class SlotRelease(Area):
    """What runs in one slot."""

    image: Image = Field(description="Image by digest")


class ServiceRelease(Area):
    """What runs of one service."""

    live: Slot = Field(description="Slot that users reach")
    slots: Slots[SlotRelease | None] = Field(description="The two slots, blue and green; null is an empty one")


class Releases(Area):
    """The release file of a stack. A service that is not in it was not released yet."""

    services: Mapping[ServiceName, ServiceRelease] = Field(description="Released services by name; {} before the first")
