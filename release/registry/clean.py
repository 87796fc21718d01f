"""The cleaning: images first, by the registry's own API, then blobs, by its collector while nothing is pushed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from release.docker import Docker
from release.errors import ReleaseError
from release.registry.objects import Bucket
from release.registry.plan import Image, named, removable
from release.web import Web, WebError
from settings.delivery import Registry

_KINDS: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_PUSH, _COLLECT = "registry-push", "registry-collect"
_STOP_SECONDS: Final = 45
"""More than a registry takes to finish what is under way."""
ACCEPT: Final = {"Accept": ", ".join(_KINDS)}
"""Header of every request for a manifest."""


@dataclass(frozen=True)
class Access:
    """What the cleaning connects to."""

    bucket: Bucket
    registry: Web
    """The registry, logged in as who pushes, with `ACCEPT`."""
    docker: Docker
    """On the registry's host."""


def clean(
    access: Access, kept: Registry, root: Path, say: Callable[[str], None], now: datetime, *, dry_run: bool
) -> None:
    """Remove images that nobody needs, and what only they needed.

    Args:
        access: What it connects to.
        kept: How much is kept.
        root: The checkout with the release files.
        say: Tells the operator.
        now: The time, with its zone.
        dry_run: Whether the images are told only.

    Raises:
        ReleaseError: When registry, object storage or Docker host refuse; pushes are taken again all the same.
    """
    needed = named(root)
    if not needed:
        raise ReleaseError(f"no file in {root} names an image, so all would count as not needed; nothing was changed")
    images = [
        Image(repository, digest, pushed, _parts(access.registry, repository, digest))
        for repository, digest, pushed in access.bucket.pushed()
    ]
    gone = removable(images, needed, count=kept.kept_images, days=kept.kept_days, now=now)
    for image in gone:
        say(f"{'would remove' if dry_run else 'removes'} {image}")
    say(f"{len(images) - len(gone)} of {len(images)} images stay")
    if dry_run:
        return
    for image in gone:
        _delete(access.registry, image)
    collect(access.docker, say)


def _parts(registry: Web, repository: str, digest: str) -> frozenset[str]:
    """Digests that an index refers to; none for an image. One that is not answered is taken for no index."""
    try:
        answer = registry.get(f"/v2/{repository}/manifests/{digest}", {})
        document: Any = answer.json() if answer.good else None
    except WebError as error:
        raise ReleaseError(str(error)) from None
    if not isinstance(document, dict):
        raise ReleaseError(f"the registry does not show {repository}@{digest} (status {answer.status})")
    return frozenset(str(each["digest"]) for each in document.get("manifests") or ())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportUnknownMemberType] - JSON is anything


def _delete(registry: Web, image: Image) -> None:
    try:
        answer = registry.delete(f"/v2/{image.repository}/manifests/{image.digest}")
    except WebError as error:
        raise ReleaseError(str(error)) from None
    # Somebody else may have removed it meanwhile.
    if not answer.good and answer.status != 404:
        raise ReleaseError(f"the registry does not remove {image} (status {answer.status})")


def collect(docker: Docker, say: Callable[[str], None]) -> None:
    """Remove what no image needs. Pushes are refused meanwhile, pulls go on.

    The collector publishes the port that images are pushed to, so the engine does not start it beside a registry that
    takes them, nor that one beside the collector.
    """
    docker.run("stop", "--time", str(_STOP_SECONDS), _PUSH)
    say("pushes are refused until the registry is clean")
    try:
        said = docker.run("start", "--attach", _COLLECT)
        say(next((line for line in said.splitlines() if "eligible for deletion" in line), "nothing was to be removed"))
    finally:
        # One that is cut short leaves only what the next one removes.
        docker.run("stop", "--time", str(_STOP_SECONDS), _COLLECT)
        docker.run("start", _PUSH)
        say("pushes are taken again")
