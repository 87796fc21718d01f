import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from pulumi.automation.events import EngineEvent

from sandbox.engine.events import Diagnostic, Recorder, Verdict, masked, name_of, room_of, short_type
from sandbox.engine.runs import Outcome
from sandbox.layout import Layout
from sandbox.plugins import Plugins
from sandbox.report import drift, inventory, plan, stateful
from sandbox.report.failures import explain, verdict_line
from sandbox.report.progress import Progress
from sandbox.report.results import show_changes
from tests.waiting import wait_for

URN = "urn:pulumi:dev::luxima::luxima:storage:ObjectStorage$minio:index/s3Bucket:S3Bucket::media"
OTHER = URN.replace("media", "loki")
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def outcome(*diagnostics: Diagnostic, output: str = "") -> Outcome:
    return Outcome(Recorder(diagnostics=list(diagnostics)), succeeded=False, output=output)


def event(
    kind: str,
    op: str,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    kind_of: str = "minio:index/s3Bucket:S3Bucket",
) -> EngineEvent:
    def state(inputs: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if inputs is None else {"urn": URN, "type": kind_of, "inputs": inputs}

    metadata = {"op": op, "urn": URN, "type": kind_of, "old": state(old), "new": state(new)}
    parse = cast("Callable[[dict[str, Any]], EngineEvent]", EngineEvent.from_json)  # pyright: ignore[reportUnknownMemberType] - not typed
    return parse({"sequence": 1, "timestamp": 1, kind: {"metadata": metadata}})


@pytest.mark.parametrize(
    ("types", "room"),
    [
        ("luxima:storage:ObjectStorage$minio:index/s3Bucket:S3Bucket", "storage"),
        ("luxima:services:Service$luxima:kubernetes:Workload$kubernetes:apps/v1:Deployment", "services"),
        ("luxima:edge:Gateway", "edge"),
        ("random:index/randomPassword:RandomPassword", "platform"),
    ],
)
def test_the_room_is_the_one_that_asked_for_it(types: str, room: str) -> None:
    assert room_of(f"urn:pulumi:dev::luxima::{types}::x") == room


def test_components_and_halves_of_a_replacement_are_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = Recorder()
    for op, token in (
        ("create-replacement", "minio:index/s3Bucket:S3Bucket"),
        ("replace", "minio:index/s3Bucket:S3Bucket"),
        ("delete-replaced", "minio:index/s3Bucket:S3Bucket"),
        ("same", "minio:index/s3Bucket:S3Bucket"),
        ("create", "luxima:storage:ObjectStorage"),
        ("create", "pulumi:providers:minio"),
    ):
        recorder(event("resOutputsEvent", op, {}, {}, token))
    recorder.changes.update(replace=1, same=1, create=2)
    show_changes(recorder, 5)
    assert capsys.readouterr().out == "\nDone in 5 s: 1 replaced, 1 unchanged.\n  by room: storage 1\n"


def test_a_name_may_have_colons() -> None:
    assert name_of("urn:pulumi:dev::luxima::a:b:C::x::y") == "x::y"


@pytest.mark.parametrize(
    ("token", "short"),
    [
        ("minio:index/s3Bucket:S3Bucket", "minio S3Bucket"),
        ("kubernetes:apps/v1:Deployment", "kubernetes apps/v1 Deployment"),
        ("pulumi-python:dynamic/dns:Record", "pulumi-python dynamic/dns Record"),
        ("command:remote:Command", "command remote Command"),
    ],
)
def test_types_are_said_shortly(token: str, short: str) -> None:
    assert short_type(token) == short


def test_a_failure_names_room_type_and_resource(tmp_path: Path) -> None:
    lines = explain(outcome(Diagnostic("error", "bucket is taken", URN)), Layout("dev", tmp_path))
    assert lines == ["storage minio S3Bucket media: bucket is taken"]


def test_the_same_cause_is_said_once(tmp_path: Path) -> None:
    lines = explain(
        outcome(Diagnostic("error", "no answer", URN), Diagnostic("error", "no answer", OTHER)), Layout("dev", tmp_path)
    )
    assert lines == ["storage minio S3Bucket media, storage minio S3Bucket loki: no answer"]


def test_the_engines_own_echo_is_left_out(tmp_path: Path) -> None:
    lines = explain(
        outcome(Diagnostic("error", "update failed", ""), Diagnostic("error", "why", URN)), Layout("dev", tmp_path)
    )
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("error: incorrect passphrase", "was encrypted with another passphrase"),
        ("write x: no space left on device", "no disk space"),
        ("error: something else", "something else"),
        ("", "the engine failed"),
    ],
)
def test_faults_of_the_engine_get_a_sentence(tmp_path: Path, output: str, said: str) -> None:
    assert said in explain(outcome(output=output), Layout("dev", tmp_path))[0]


def test_the_class_of_an_error_and_what_was_only_stopped_are_left_out(tmp_path: Path) -> None:
    lines = explain(
        outcome(
            Diagnostic("error", "components.dns.rfc2136.DnsError: no answer", URN),
            Diagnostic("error", "failed to run remediation: context canceled", URN),
        ),
        Layout("dev", tmp_path),
    )
    assert lines == ["storage minio S3Bucket media: no answer"]


def test_a_traceback_is_never_shown(tmp_path: Path) -> None:
    text = "python inline source runtime error: boom\nTraceback (most recent call last):\n  File x"
    assert explain(outcome(Diagnostic("error", text, "")), Layout("dev", tmp_path)) == ["the program failed: boom"]


def test_a_verdict_says_what_the_resource_has_to_do_with_the_rule() -> None:
    verdict = Verdict("encryption", "mandatory", URN, "Buckets are encrypted.\nmedia: give AES256")
    assert verdict_line(verdict) == "policy encryption (mandatory): media: give AES256"


def test_drift_says_what_was_and_what_is() -> None:
    recorder = Recorder()
    recorder(event("resOutputsEvent", "update", {"days": 30, "tags": ["a"]}, {"days": 7, "tags": ["a", "b"]}))
    assert drift.differences(recorder) == [
        "storage minio S3Bucket media: days: was 30, is 7",
        'storage minio S3Bucket media: tags[1]: was absent, is "b"',
    ]


def test_what_is_gone_and_a_changed_secret_are_said() -> None:
    recorder = Recorder()
    recorder(event("resOutputsEvent", "delete", {"days": 30}))
    recorder(event("resOutputsEvent", "update", {"password": SECRET}, {"password": "[secret]"}))
    recorder(event("resOutputsEvent", "same", {"days": 1}, {"days": 1}))
    assert drift.differences(recorder) == [
        "storage minio S3Bucket media: is gone",
        "storage minio S3Bucket media: a secret value differs",
    ]


def test_secrets_and_unknown_values_are_masked_in_a_plan() -> None:
    recorder = Recorder()
    recorder(event("resourcePreEvent", "create", None, {"password": SECRET, "id": UNKNOWN, "url": f"s3://{UNKNOWN}/a"}))
    made = plan.document("prod", ["minioRootPassword"], recorder, [])
    assert made["resources"][0]["inputs"] == {"password": "[secret]", "id": "[unknown]", "url": "s3://[unknown]/a"}
    assert made["resources"][0]["room"] == "storage"
    assert made["standIns"] == ["minioRootPassword"]


def test_a_secret_is_masked_however_deep() -> None:
    assert masked({"a": [{"b": SECRET}]}) == {"a": [{"b": "[secret]"}]}


def test_what_has_no_server_here_is_recorded_and_why_is_said() -> None:
    counts = {"docker:index/container:Container": 2, "minio:index/s3Bucket:S3Bucket": 1}
    official = Plugins({}, (), None)
    driven = {line.type: (line.how, line.by) for line in inventory.lines(counts, official)}
    assert driven["docker:index/container:Container"] == ("driven", "a Docker engine (its API)")
    lines = {line.type: (line.how, line.by) for line in inventory.lines(counts, official, {"docker": "no engine"})}
    assert lines["docker:index/container:Container"] == ("recorded", "kept in the state only: no engine")
    assert lines["minio:index/s3Bucket:S3Bucket"][0] == "driven"


def test_what_takes_long_says_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []

    def heard(words: str) -> bool:
        said.append(capsys.readouterr().err)
        return words in "".join(said)

    with Progress(patience=0.01) as progress:
        recorder = Recorder(watcher=progress)
        recorder(event("resourcePreEvent", "create", new={}))
        wait_for(lambda: heard("waiting for media\n"), "the wait is said", 60)
        for message in ("[1/2] 0 of 2 pods", "of another run"):
            recorder(diagnostic(message, URN if message.startswith("[") else OTHER))
        wait_for(lambda: heard("waiting for media: [1/2] 0 of 2 pods\n"), "the reason is said", 60)
        assert recorder.diagnostics == []
        recorder(event("resOutputsEvent", "create", new={}))
        wait_for(lambda: heard("media  created\n"), "its end is said", 60)
    said.clear()
    assert not heard("waiting")


def diagnostic(message: str, urn: str) -> EngineEvent:
    content = {"urn": urn, "prefix": "", "message": message, "color": "never", "severity": "info", "ephemeral": True}
    parse = cast("Callable[[dict[str, Any]], EngineEvent]", EngineEvent.from_json)  # pyright: ignore[reportUnknownMemberType] - not typed
    return parse({"sequence": 1, "timestamp": 1, "diagnosticEvent": content})


@pytest.mark.parametrize(
    ("operation", "size", "said"),
    [
        ("update", "2Gi", None),
        ("create-replacement", "2Gi", "the volumes of its pods are 1Gi and cannot become 2Gi.* set volume_gib back"),
        ("replace", "1Gi", "spec.serviceName cannot be changed.* set it back"),
    ],
)
def test_pods_that_keep_data_are_not_made_anew(operation: str, size: str, said: str | None) -> None:
    def state(storage: str) -> dict[str, Any]:
        claim = {"spec": {"resources": {"requests": {"storage": storage}}}}
        return {"urn": urn, "type": kind, "inputs": {"spec": {"volumeClaimTemplates": [claim]}}}

    kind = "kubernetes:apps/v1:StatefulSet"
    urn = f"urn:pulumi:dev::luxima::luxima:observability:Observability${kind}::loki"
    metadata = {"op": operation, "urn": urn, "type": kind, "old": state("1Gi"), "new": state(size)}
    planned = {"metadata": {**metadata, "keys": ["spec.serviceName"]}}
    parse = cast("Callable[[dict[str, Any]], EngineEvent]", EngineEvent.from_json)  # pyright: ignore[reportUnknownMemberType] - not typed
    recorder = Recorder()
    recorder(parse({"sequence": 1, "timestamp": 1, "resourcePreEvent": planned}))
    found = stateful.refused(recorder)
    assert len(found) == (said is not None)
    assert all(re.match(f"observability StatefulSet loki: {said}", sentence) for sentence in found)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            f'1 error occurred:\n\t* resource "{URN}" was successfully created, but the Kubernetes API server reported '
            "that it failed to fully initialize or become live: 'media' timed out waiting to be Ready",
            "storage minio S3Bucket media: it is there, but not ready: 'media' timed out waiting to be Ready",
        ),
        (
            'the Kubernetes API server reported that "apps/media" failed to fully initialize or become live: timed out',
            "storage minio S3Bucket media: it is there, but not ready: timed out",
        ),
        (
            f'resource "{URN}" was not successfully created by the Kubernetes API server: it is invalid',
            "storage minio S3Bucket media: it is invalid",
        ),
    ],
)
def test_the_kubernetes_plugin_says_what_is_wrong_without_naming_the_resource_again(
    message: str, sentence: str, tmp_path: Path
) -> None:
    assert explain(outcome(Diagnostic("error", message, URN)), Layout("dev", tmp_path)) == [sentence]
