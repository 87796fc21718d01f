"""Docker archives, read back by Python's own tarfile; engines load them in tests/e2e."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.images.archive import Config, Entry, write, write_layer
from sandbox.images.model import Image

CONFIG = Config(("/bin/tool", "serve"), ("--all",), "65534", "/data", ("A=1", "B=2"))
DIGEST = "sha256:0d2b5c2d5bd1dcf0a9a4a1a6a2f3be0cc0a5e64d2f5bdb0b90f7d1c0a6f0c9e1"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of two layers of entries and one that is a tar file already."""
    program = tmp_path / "tool"
    program.write_bytes(b"\x7fELF" + bytes(3_000_000))
    with (tmp_path / "layer.tar").open("wb") as file:
        write_layer(file, [Entry("made/before", b"said")])
    entries = [Entry("tmp", mode=0o1777), Entry("etc/passwd", b"root"), Entry("data", mode=0o755, owner=65534)]
    path = tmp_path / "image.tar"
    write(path, "example.org/tool:1", [entries, [Entry("bin/tool", program, 0o755)], tmp_path / "layer.tar"], CONFIG)
    return path


def document(archive: Path, name: str) -> Any:
    with tarfile.open(archive) as opened:
        file = opened.extractfile(name)
        assert file is not None
        return json.loads(file.read())


def test_the_manifest_names_what_is_there_by_its_digest(archive: Path) -> None:
    (image,) = document(archive, "manifest.json")
    config = document(archive, image["Config"])

    assert image["RepoTags"] == ["example.org/tool:1"]
    with tarfile.open(archive) as opened:
        assert sorted(opened.getnames()) == sorted([image["Config"], "manifest.json", *image["Layers"]])
        contents = [opened.extractfile(name) for name in (image["Config"], *image["Layers"])]
        first, *digests = [hashlib.sha256(each.read()).hexdigest() for each in contents if each is not None]
    assert image["Config"] == f"{first}.json"
    assert image["Layers"] == [f"{digest}/layer.tar" for digest in digests]
    assert config["rootfs"] == {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]}
    assert len(config["history"]) == len(digests) == 3


def test_the_configuration_says_how_it_is_run(archive: Path) -> None:
    config = document(archive, document(archive, "manifest.json")[0]["Config"])

    assert config["os"] == "linux"
    assert config["architecture"] in {"amd64", "arm64"}
    assert config["config"] == {
        "Entrypoint": ["/bin/tool", "serve"],
        "Cmd": ["--all"],
        "User": "65534",
        "WorkingDir": "/data",
        "Env": ["A=1", "B=2"],
    }


def test_layers_hold_the_files_with_their_modes_and_owners(archive: Path) -> None:
    found: dict[str, tuple[bytes, int, int, float]] = {}
    with tarfile.open(archive) as opened:
        for name in document(archive, "manifest.json")[0]["Layers"]:
            with tarfile.open(fileobj=opened.extractfile(name)) as layer:
                for member in layer:
                    file = layer.extractfile(member)
                    text = file.read() if file else b""
                    found[member.name] = (text, member.mode, member.uid, member.mtime)

    assert found.pop("bin/tool") == (b"\x7fELF" + bytes(3_000_000), 0o755, 0, 0)
    assert found == {
        "tmp": (b"", 0o1777, 0, 0),
        "etc/passwd": (b"root", 0o644, 0, 0),
        "data": (b"", 0o755, 65534, 0),
        "made/before": (b"said", 0o644, 0, 0),
    }


def test_the_same_content_is_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "tool").touch()
    entries = [Entry("data", mode=0o755, owner=65534), Entry("etc/passwd", b"root"), Entry("tmp", mode=0o1777)]
    tool = [Entry("bin/tool", tmp_path / "tool", 0o755)]
    again = tmp_path / "again.tar"
    write(again, "example.org/tool:1", [entries, tool, tmp_path / "layer.tar"], CONFIG)

    assert again.read_bytes() == archive.read_bytes()


@pytest.mark.parametrize(
    ("reference", "loadable"),
    [
        ("quay.io/prometheus/prometheus:v3.8.0", "quay.io/prometheus/prometheus:v3.8.0"),
        (f"registry.example:5000/a/b@{DIGEST}", "registry.example:5000/a/b:sandbox-0d2b5c2d5bd1"),
        (f"registry.example:5000/a/b:1.2@{DIGEST}", "registry.example:5000/a/b:sandbox-0d2b5c2d5bd1"),
    ],
)
def test_a_name_by_digest_is_loaded_under_a_tag(reference: str, loadable: str) -> None:
    assert Image(reference, "tool 1", True, "", Path("image.tar")).tag == loadable
