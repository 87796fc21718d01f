"""`releases/<stack>.yaml`: what runs in which slot. Written by the release tool, read here."""

from collections.abc import Mapping
from typing import Annotated, Literal

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
Moment = Annotated[
    str,
    Form(
        "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$",
        "a moment in UTC such as 2026-01-31T12:00:00Z",
    ),
]
Percent = Annotated[int, Field(ge=0, le=100)]


class SlotRelease(Area):
    """What runs in one slot."""

    image: Image = Field(description="Image by digest")
    standing: Literal["candidate", "verified"] = Field(
        default="candidate",
        description="`candidate`: reached under the slot's own name only; `verified`: its smoke test passed, users may "
        "see it",
    )


class Candidate(Area):
    """A candidate beside the live slot's image: a canary or a shadow."""

    image: Image = Field(description="Image by digest")
    percent: Percent = Field(
        description="Share of users that get it (canary) or of requests that are copied to it (shadow), in percent"
    )


class Probation(Area):
    """A slot that has just become live is watched, and taken back when it fails (REL-6)."""

    since: Moment = Field(description="When the slot became live")
    until: Moment = Field(description="When it is trusted")
    previous: Slot = Field(description="Slot that users are sent back to")
    extended: bool = Field(default=False, description="Whether there were too few requests for a verdict once already")


class ServiceRelease(Area):
    """What runs of one service."""

    live: Slot = Field(description="Slot that users reach")
    slots: Slots[SlotRelease | None] = Field(description="The two slots, blue and green; null is an empty one")
    canary: Candidate | None = Field(default=None, description="Candidate that a share of the users gets (REL-3)")
    shadow: Candidate | None = Field(default=None, description="Candidate that gets copies of requests (REL-4)")
    probation: Probation | None = Field(default=None, description="Until when the live slot is watched")
    rejected: tuple[Image, ...] = Field(
        default=(), description="Images that were rolled back; none of them becomes live again"
    )

    def serves(self, slot: Slot) -> bool:
        """Whether users may see what is in `slot`: its smoke test passed, and it was not rolled back."""
        content = self.slots[slot]
        return content is not None and content.standing == "verified" and content.image not in self.rejected

    def slot_of(self, gateway: Slot) -> Slot:
        """The slot to which the gateway of a slot sends the public name.

        Its own one where users may see that; else the live one, for clients that still know the old address.
        """
        return gateway if self.serves(gateway) else self.live


class Releases(Area):
    """The release file of a stack. A service that is not in it was not released yet."""

    revision: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Number of changes of this file; an older one than the stack has seen is refused"
    )
    services: Mapping[ServiceName, ServiceRelease] = Field(description="Released services by name; {} before the first")
