"""The release file: what is written is what was meant, comments stay, nobody's edit is lost."""

import re
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release import state
from release.errors import ReleaseError
from release.state import ReleaseFile, parse, rendered
from settings.loading import check
from settings.releases import Candidate, Probation, Releases, ServiceRelease, SlotRelease
from settings.values import Slot
from tests.unit.release.outside import image
from tests.unit.settings.stacks import ROOT, STACKS

TEXT = """\
# yaml-language-server: $schema=../settings/schema/release.schema.json
# What runs in which slot.
revision: 3
services:
  # the shop
  storefront:
    live: blue  # since spring
    slots:
      blue:
        image: {image}
        standing: verified
      green: null
"""

SLOT: st.SearchStrategy[Slot] = st.sampled_from(["blue", "green"])
IMAGE = st.integers(0, 3).map(image)
CONTENT = st.builds(SlotRelease, image=IMAGE, standing=st.sampled_from(["candidate", "verified"]))
CANDIDATE = st.none() | st.builds(Candidate, image=IMAGE, percent=st.integers(0, 100))
PROBATION = st.none() | st.builds(
    Probation,
    since=st.just("2026-01-31T12:00:00Z"),
    until=st.just("2026-01-31T12:10:00Z"),
    previous=SLOT,
    extended=st.booleans(),
)
RELEASE = st.builds(
    ServiceRelease,
    live=SLOT,
    slots=st.fixed_dictionaries({"blue": st.none() | CONTENT, "green": st.none() | CONTENT}),
    canary=CANDIDATE,
    shadow=CANDIDATE,
    probation=PROBATION,
    rejected=st.lists(IMAGE, unique=True).map(tuple),
)
RELEASES = st.builds(
    Releases,
    revision=st.integers(0, 1_000_000),
    services=st.dictionaries(st.sampled_from(["storefront", "admin", "auth-api"]), RELEASE, max_size=3),
)


def file(folder: Path) -> ReleaseFile:
    (folder / "releases").mkdir()
    path = folder / "releases" / "dev.yaml"
    path.write_text(TEXT.format(image=image(0)), encoding="utf-8")
    path.chmod(0o640)
    return ReleaseFile(folder, "dev")


def later(releases: Releases) -> Releases:
    return releases.model_copy(update={"revision": releases.revision + 1})


@settings(max_examples=25)
@given(RELEASES, RELEASES)
def test_what_is_written_is_read_again(one: Releases, two: Releases) -> None:
    first = rendered(TEXT.format(image=image(0)), one)
    assert parse(first, "first") == one
    second = rendered(first, two)
    assert parse(second, "second") == two
    assert second.startswith("# yaml-language-server: $schema=../settings/schema/release.schema.json\n")
    assert rendered(second, two) == second


@pytest.mark.parametrize("stack", STACKS)
def test_a_committed_file_stays_to_the_letter_but_for_what_changes(stack: str) -> None:
    text = (ROOT / "releases" / f"{stack}.yaml").read_text(encoding="utf-8")
    releases = parse(text, stack)
    assert rendered(text, releases) == text
    changed = rendered(text, later(releases))
    assert changed.replace(f"revision: {releases.revision + 1}", f"revision: {releases.revision}") == text


def test_a_moment_is_a_text_to_every_reader(tmp_path: Path) -> None:
    before = file(tmp_path).read().releases
    release = before.services["storefront"]
    probation = Probation(since="2026-01-31T12:00:00Z", until="2026-01-31T12:10:00Z", previous="green")
    new = Releases(revision=4, services={"storefront": release.model_copy(update={"probation": probation})})
    text = rendered(TEXT.format(image=image(0)), new)
    assert parse(text, "again") == new
    assert "since: '2026-01-31T12:00:00Z'" in text


def test_comments_order_and_mode_stay(tmp_path: Path) -> None:
    made = file(tmp_path)
    before = made.read()
    release = before.releases.services["storefront"]
    slots = {**release.slots, "green": SlotRelease(image=image(1))}
    new = Releases(revision=4, services={"storefront": release.model_copy(update={"slots": slots, "live": "green"})})
    made.write(before, new)
    text = made.path.read_text(encoding="utf-8")
    assert re.search(r"\n  # the shop\n  storefront:\n    live: green +# since spring\n", text)
    assert "\n        standing: candidate\n" in text
    assert made.path.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in made.path.parent.iterdir()] == ["dev.yaml"]


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    made = file(tmp_path)
    before = made.read()
    theirs = made.path.read_text(encoding="utf-8").replace("revision: 3", "revision: 9")
    made.path.write_text(theirs, encoding="utf-8")
    with pytest.raises(ReleaseError, match="changed by somebody else in the meantime; nothing was written"):
        made.write(before, later(before.releases))
    assert made.path.read_text(encoding="utf-8") == theirs


def test_a_revision_only_grows(tmp_path: Path) -> None:
    made = file(tmp_path)
    before = made.read()
    with pytest.raises(ReleaseError, match="revision 3 does not come after revision 3"):
        made.write(before, before.releases)


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    made = file(tmp_path)
    ended = threading.Event()
    broken: list[Exception] = []

    def read() -> None:
        while not ended.is_set():
            try:
                parse(made.path.read_text(encoding="utf-8"), "read")
            except (OSError, ReleaseError) as error:
                broken.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    snapshot = made.read()
    for _ in range(10):
        snapshot = made.write(snapshot, later(snapshot.releases))
    ended.set()
    reader.join(10)
    assert not broken
    assert made.read().releases.revision == 13


def test_a_failed_write_leaves_the_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = file(tmp_path)
    before = made.read()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state.os, "fsync", full)
    with pytest.raises(ReleaseError, match="cannot be written: No space left"):
        made.write(before, later(before.releases))
    assert made.read() == before
    assert [path.name for path in made.path.parent.iterdir()] == ["dev.yaml"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("revision: 1\nrevision: 2\nservices: {}\n", "revision is there twice"),
        ("revision: [\n", "the file is not YAML"),
        ("revision: 1\n", "services: Field required"),
        ("revision: 1\nservices: {}\nextra: 1\n", "extra"),
    ],
)
def test_what_is_no_release_file_is_told(text: str, reason: str) -> None:
    with pytest.raises(ReleaseError, match=reason):
        parse(text, "releases/dev.yaml")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"releases/dev\.yaml cannot be read"):
        ReleaseFile(tmp_path, "dev").read()


def test_the_settings_take_what_is_written(tmp_path: Path) -> None:
    for name in ("Pulumi.dev.yaml", "services"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "releases").mkdir()
    source = (ROOT / "releases" / "dev.yaml").read_text(encoding="utf-8")
    made = ReleaseFile(tmp_path, "dev")
    made.path.write_text(source, encoding="utf-8")
    before = made.read()
    release = before.releases.services["storefront"]
    other = release.slots["blue"]
    assert other is not None
    slots = {**release.slots, "green": SlotRelease(image=other.image[:-1] + "0", standing="verified")}
    probation = Probation(since="2026-01-31T12:00:00Z", until="2026-01-31T12:10:00Z", previous="blue")
    changed = release.model_copy(update={"live": "green", "slots": slots, "probation": probation})
    made.write(before, Releases(revision=before.releases.revision + 1, services={"storefront": changed}))
    assert check("dev", tmp_path).releases.services["storefront"] == changed
