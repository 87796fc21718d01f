"""Files of a container: in a volume whose name follows from them, and tells nothing of them."""

import hashlib

import pulumi

from components.docker_files import DockerFiles, DockerFilesArgs
from tests.recording import Recorder, record


def declared(content: str, *, file: str = "password") -> Recorder:
    def program() -> None:
        args = DockerFilesArgs(
            "exporter", "image:1", "/etc/exporter", {file: pulumi.Output.secret(content)}, {"of": "a"}
        )
        DockerFiles("files", args)

    return record(program)


def name(recorder: Recorder) -> str:
    return recorder.named("files-volume").inputs["name"]


def test_another_content_or_file_is_another_volume() -> None:
    assert name(declared("one")) == name(declared("one"))
    assert len({name(declared("one")), name(declared("two")), name(declared("one", file="other"))}) == 3


def test_the_name_is_no_plain_digest_of_the_content() -> None:
    version = name(declared("one")).rpartition("-")[2]
    assert len(version) == 12
    assert version not in hashlib.sha256(b"password\0one").hexdigest() + hashlib.sha256(b"one").hexdigest()


def test_files_are_put_there_by_a_container_that_never_runs() -> None:
    recorder = declared("one")
    container = recorder.named("files-container").inputs
    assert (container["start"], container["mustRun"], container["networkMode"]) == (False, False, "none")
    assert container["uploads"] == [{"file": "/etc/exporter/password", "content": "one", "permissions": "0440"}]
    assert container["mounts"] == [{"type": "volume", "source": name(recorder), "target": "/etc/exporter"}]
    # The engine refuses uploads into a root that is read-only, in a volume too.
    assert "readOnly" not in container
