"""Which images a cleaning takes, and what is left when it is cut short."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from release.docker import Docker
from release.errors import ReleaseError
from release.registry.clean import collect
from release.registry.plan import Image, named, removable

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def image(number: int, days: float, *parts: int, repository: str = "aceh/shop") -> Image:
    """An image of so many days ago."""
    return Image(repository, digest(number), NOW - timedelta(days=days), frozenset(map(digest, parts)))


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def gone(images: Sequence[Image], *needed: int, count: int = 1, days: int = 30) -> list[int]:
    found = removable(images, frozenset(map(digest, needed)), count=count, days=days, now=NOW)
    return [int(each.digest.removeprefix("sha256:"), 16) for each in found]


@pytest.mark.parametrize(
    ("images", "needed", "expected"),
    [
        pytest.param([image(1, 90), image(2, 60), image(3, 40)], [], [1, 2], id="the last one stays, however old"),
        pytest.param([image(1, 90), image(2, 60), image(3, 40)], [1], [2], id="a named one stays"),
        pytest.param([image(1, 29.9), image(2, 30.1), image(3, 1)], [], [2], id="a young one stays"),
        pytest.param([image(1, 90), image(2, 90, repository="aceh/api")], [], [], id="each repository has its last"),
        pytest.param([image(1, 90), image(2, 91), image(3, 90, 1, 2)], [], [], id="the parts of an index stay"),
        pytest.param(
            [image(1, 90), image(2, 91), image(3, 90, 1, 2), image(4, 40)], [], [3, 2, 1], id="an index goes first"
        ),
        pytest.param([image(1, 90), image(2, 91), image(3, 90, 1, 2), image(4, 40)], [1], [3, 2], id="a part is named"),
        pytest.param(
            [image(1, 90), image(2, 80, 1), image(3, 70, 1), image(4, 1)], [3], [2], id="a part is of a named index"
        ),
        pytest.param([image(1, 90, 9), image(2, 1)], [1], [], id="a part that is not there"),
    ],
)
def test_what_goes(images: Sequence[Image], needed: Sequence[int], expected: list[int]) -> None:
    assert gone(images, *needed) == expected


def test_parts_do_not_count_as_images_of_the_last_ones() -> None:
    images = [image(1, 50), image(2, 40), image(3, 40), image(4, 40, 2, 3)]
    assert gone(images, count=2) == []


def test_every_stack_s_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "prod.yaml").write_text(f"image: r/a@{digest(1)}\nrejected: [r/a@{digest(2)}]\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(f"guard: {{image: r/b@{digest(3)}}}\n")
    (tmp_path / "other.yaml").write_text(digest(4))
    assert named(tmp_path) == {digest(1), digest(2), digest(3)}


class Engine:
    """A `docker` that writes down what it is told, and fails where it should."""

    def __init__(self, folder: Path, failing: str = "nothing") -> None:
        self._log = folder / "log"
        self._log.touch()
        script = folder / "docker.py"
        script.write_text(
            "import sys\n"
            f"line = ' '.join(sys.argv[1:])\nopen({str(self._log)!r}, 'a').write(line + '\\n')\n"
            f"if line.startswith({failing!r}): sys.exit('it is broken')\n"
            "print('3 blobs marked, 2 blobs and 0 manifests eligible for deletion')\n"
        )
        self.command = Docker((sys.executable, str(script)))

    @property
    def told(self) -> list[str]:
        return self._log.read_text().splitlines()


ALL = [
    "stop --time 45 registry-push",
    "start --attach registry-collect",
    "stop --time 45 registry-collect",
    "start registry-push",
]


def test_pushes_are_refused_while_it_collects_and_taken_again(tmp_path: Path) -> None:
    engine, said = Engine(tmp_path), list[str]()
    collect(engine.command, said.append)
    assert engine.told == ALL
    assert any("2 blobs and 0 manifests eligible" in line for line in said)


def test_pushes_are_taken_again_after_a_collection_that_failed(tmp_path: Path) -> None:
    engine = Engine(tmp_path, "start --attach")
    with pytest.raises(ReleaseError, match="docker start --attach registry-collect: it is broken"):
        collect(engine.command, lambda _: None)
    assert engine.told == ALL


def test_nothing_is_collected_while_pushes_are_taken(tmp_path: Path) -> None:
    engine = Engine(tmp_path, "stop --time 45 registry-push")
    with pytest.raises(ReleaseError, match="it is broken"):
        collect(engine.command, lambda _: None)
    assert engine.told == ALL[:1]
