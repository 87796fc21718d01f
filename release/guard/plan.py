"""What the guard in the cluster is told: one JSON document and a folder of secrets, nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from release.guard.judge import Subject
from release.guard.probation import Release
from settings.dns import NameServer, Tsig
from settings.guard import Limits, Positive
from settings.releases import Image, Moment
from settings.values import Address, Area, Domain, Form, Label, Slot, Slots

Url = Annotated[
    str,
    Form(r"^https?://[^\s/?#@]+(/[^\s@]*)?$", "an http:// or https:// URL with a host and no user in it"),
]


class PlanError(Exception):
    """The document is not one of a guard; the text is one sentence for a person."""


class Name(Area):
    """The name that is switched."""

    fqdn: Domain = Field(description="Public name of the service")
    zone: Domain = Field(description="Zone that keeps it")
    ttl_seconds: Positive = Field(description="How long resolvers may keep it, in seconds")
    gateways: Slots[Address] = Field(description="Address of each slot's gateway")
    servers: Annotated[tuple[NameServer, ...], Field(min_length=1)] = Field(description="The first is the primary")
    tsig: Tsig = Field(description="Key that may change this name; its secret is in the file tsig")


class Urls(Area):
    """Who is asked, and who is told."""

    prometheus: Url = Field(description="Prometheus")
    loki: Url | None = Field(default=None, description="Loki")
    alertmanager: Url = Field(description="Alertmanager")
    record: Url | None = Field(default=None, description="The Alertmanager that records every alert")
    audit: Url = Field(description="Where record_deploy is; its key is in the file serviceRoleKey")
    runbooks: Url = Field(description="Where docs/runbooks is published")
    dashboard: Url = Field(description="Dashboard of releases")


class Plan(Area):
    """One release to be watched."""

    stack: Label = Field(description="Name of the stack")
    environment: Label = Field(description="Value of the label environment")
    service: Label = Field(description="Name of the service")
    slot: Slot = Field(description="The slot that became live")
    previous: Slot = Field(description="The slot that users are sent back to")
    image: Image = Field(description="What runs in slot")
    since: Moment = Field(description="When it became live")
    until: Moment = Field(description="When it is trusted")
    extension_seconds: Positive = Field(description="How much longer it is watched without a verdict, in seconds")
    extended: bool = Field(default=False, description="Whether it is already")
    name: Name = Field(description="The name that is switched")
    limits: Limits = Field(description="When it is good, bad, or neither")
    urls: Urls = Field(description="Who is asked, and who is told")

    def release(self) -> Release:
        """For the watch."""
        return Release(
            self.stack,
            self.service,
            self.slot,
            self.previous,
            self.image,
            parse_moment(self.since),
            parse_moment(self.until),
            timedelta(seconds=self.extension_seconds),
            self.extended,
        )

    def subject(self) -> Subject:
        """For the judge."""
        return Subject(self.service, self.slot, self.previous)


def parse_moment(text: str) -> datetime:
    """A moment as release files write it."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def load(path: Path) -> Plan:
    """Read the document.

    Raises:
        PlanError: When it is not there, or says something else than it should.
    """
    try:
        return Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise PlanError(f"{path} is not what a guard needs: {wrong}") from None


def read_secret(folder: Path, name: str) -> str:
    """A secret of the folder.

    Raises:
        PlanError: When it is not there, or empty.
    """
    path = folder / name
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PlanError(f"{path} is no text") from None
    if not value:
        raise PlanError(f"{path} is empty")
    return value
