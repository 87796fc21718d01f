"""Which images go: those that no file names, that are neither young nor among the last of their repository."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Image:
    """A manifest in a repository."""

    repository: str
    """Without the registry's name: `aceh/storefront`."""
    digest: str
    """`sha256:…`."""
    pushed: datetime
    """When it was pushed the last time."""
    parts: frozenset[str] = frozenset()
    """Digests of the images that it is an index of, one for each platform."""

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest[:19]}…, pushed {self.pushed:%Y-%m-%d}"


def named(root: Path) -> frozenset[str]:
    """Digests in the release and stack files of a checkout, of every stack: slots, candidates, the guard."""
    files = [*(root / "releases").glob("*.yaml"), *root.glob("Pulumi.*.yaml")]
    return frozenset(found for file in files for found in _DIGEST.findall(file.read_text(encoding="utf-8")))


def removable(
    images: Iterable[Image], needed: frozenset[str], *, count: int, days: int, now: datetime
) -> Sequence[Image]:
    """Images that go, an index before its parts.

    Args:
        images: All that there are.
        needed: Digests that are kept, whatever their age.
        count: Images of each repository that are kept, the youngest first.
        days: How long an image is kept after it was pushed.
        now: The time.
    """
    repositories: Mapping[str, list[Image]] = defaultdict(list)
    for image in images:
        repositories[image.repository].append(image)
    gone = [
        image for found in repositories.values() for image in _of_one(found, needed, count, now - timedelta(days=days))
    ]
    return sorted(gone, key=lambda image: (not image.parts, image.repository, image.pushed))


def _of_one(images: list[Image], needed: frozenset[str], count: int, since: datetime) -> Iterator[Image]:
    by_digest = {image.digest: image for image in images}
    parts = {part for image in images for part in image.parts}
    whole = sorted((image for image in images if image.digest not in parts), key=lambda image: image.pushed)
    left = [image for image in images if image.digest in needed or image.pushed >= since] + whole[-count:]
    kept = set[str]()
    while left:
        image = left.pop()
        if image.digest not in kept:
            kept.add(image.digest)
            left += [by_digest[part] for part in image.parts if part in by_digest]
    return (image for image in images if image.digest not in kept)
