# ruff: noqa: ARG002 - a driver has the signatures of its protocol
"""What the engine sees of a driver, over a real gRPC connection."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2

from automation.marks import SECRET, SIGNATURE
from automation.marks import UNKNOWN as UNKNOWN_TEXT
from sandbox.providers import protocol, service
from sandbox.providers.base import UNKNOWN, InitError, Properties, ProviderError, operation
from sandbox.providers.handlers import Driver, Handler
from sandbox.providers.values import Secrets, encode

TOKEN = "minio:index/s3Bucket:S3Bucket"
URN = f"urn:pulumi:dev::luxima::luxima:storage:Buckets${TOKEN}::media"
pb = protocol.provider_pb2


class FakeDriver(Driver, Handler):
    """Does what a test tells it, of one type."""

    secrets = frozenset({"acl"})
    deletes_first = True
    replacing = ("bucket",)

    def __init__(self) -> None:
        Driver.__init__(self, "minio", {TOKEN: self})
        self.variables: Properties = {}
        self.seen: list[Any] = []
        self.error: Exception | None = None
        self.live: tuple[Properties, Properties] | None = None

    def configure(self, variables: Properties) -> None:
        self.variables = variables

    def defaults(self, inputs: Properties) -> Properties:
        return {"acl": "private", **inputs}

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        return [("bucket", "must not be x")] if inputs["bucket"] == "x" else []

    def stale(self, inputs: Properties, outputs: Properties) -> frozenset[str]:
        return frozenset({"arn"}) if outputs.get("arn") == "outdated" else frozenset()

    def computed(self, inputs: Properties) -> Properties:
        return {"arn": UNKNOWN}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        self.seen.append((operation(), inputs))
        if self.error:
            raise self.error
        return "id-1", {**inputs, "arn": f"arn:{inputs['bucket']}"}

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        return self.live

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        self.seen.append((operation(), old, new))
        return super().update(resource_id, old, new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        self.seen.append((resource_id, outputs))


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    monkeypatch.setenv("LUXIMA_SANDBOX_DIR", str(tmp_path))
    return FakeDriver()


@pytest.fixture
def engine(driver: FakeDriver) -> Iterator[Any]:
    """A client of the plugin protocol, as the engine is one."""
    server, port = service.start("minio", "0.17.1", driver)
    services: Any = importlib.import_module("sandbox.providers._pulumirpc.provider_pb2_grpc")
    channel = protocol.grpc.insecure_channel(f"127.0.0.1:{port}")
    try:
        yield services.ResourceProviderStub(channel)
    finally:
        channel.close()
        server.stop(None).wait(60)


def _struct(**properties: Any) -> struct_pb2.Struct:
    return encode(properties, Secrets())


def _secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def _plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(struct)


def _refused(call: Any, request: Any) -> Any:
    """The error that a call ends with."""
    with pytest.raises(protocol.grpc.RpcError) as caught:
        call(request, timeout=60)
    return caught.value


def test_check_fills_in_defaults_and_keeps_secrets(engine: Any) -> None:
    request = pb.CheckRequest(urn=URN, news=_struct(bucket="media", bucketPrefix=_secret("hush-hush")))
    answer = engine.Check(request, timeout=60)
    assert list(answer.failures) == []
    assert _plain(answer.inputs) == {
        "bucket": "media",
        "acl": _secret("private"),
        "bucketPrefix": _secret("hush-hush"),
    }


def test_check_reports_what_sdk_and_driver_object_to_without_naming_a_property(engine: Any) -> None:
    request = pb.CheckRequest(urn=URN, news=_struct(bucket="x", forceDestory=True, quota="much"))
    answer = engine.Check(request, timeout=60)
    assert [failure.reason for failure in answer.failures] == [
        "forceDestory: there is no such property; did you mean forceDestroy?",
        "quota: has to be a number, not a string",
        "bucket: must not be x",
    ]
    assert {failure.property for failure in answer.failures} == {""}, "the engine would print the property's value"


def test_unknown_inputs_pass_the_check_and_stay_unknown(engine: Any) -> None:
    request = pb.CheckRequest(urn=URN, news=_struct(bucket=UNKNOWN, quota=UNKNOWN))
    answer = engine.Check(request, timeout=60)
    assert list(answer.failures) == []
    assert _plain(answer.inputs) == {"acl": _secret("private"), "bucket": UNKNOWN_TEXT, "quota": UNKNOWN_TEXT}


def _diff(engine: Any, old: Properties, new: Properties, outputs: Properties | None = None, *ignore: str) -> Any:
    request = pb.DiffRequest(
        urn=URN, id="id-1", old_inputs=_struct(**old), news=_struct(**new), olds=_struct(**(outputs or old))
    )
    request.ignoreChanges.extend(ignore)
    return engine.Diff(request, timeout=60)


def test_an_unchanged_object_has_no_diff(engine: Any) -> None:
    answer = _diff(engine, {"bucket": "a"}, {"bucket": "a"}, {"bucket": "a", "arn": "computed"})
    assert answer.changes == pb.DiffResponse.DIFF_NONE
    assert not answer.detailedDiff


def test_a_changed_input_updates_a_changed_name_replaces(engine: Any) -> None:
    answer = _diff(engine, {"bucket": "a"}, {"bucket": "a", "quota": 5})
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert {key: item.kind for key, item in answer.detailedDiff.items()} == {"quota": pb.PropertyDiff.ADD}
    assert list(answer.replaces) == []
    assert not answer.deleteBeforeReplace
    answer = _diff(engine, {"bucket": "a"}, {"bucket": "b"})
    assert {key: item.kind for key, item in answer.detailedDiff.items()} == {"bucket": pb.PropertyDiff.UPDATE_REPLACE}
    assert list(answer.replaces) == ["bucket"]
    assert answer.deleteBeforeReplace


def test_ignored_changes_are_none(engine: Any) -> None:
    answer = _diff(engine, {"bucket": "a", "quota": 1}, {"bucket": "a", "quota": 5}, None, "quota")
    assert answer.changes == pb.DiffResponse.DIFF_NONE


def test_what_the_driver_knows_to_be_stale_is_updated(engine: Any) -> None:
    answer = _diff(engine, {"bucket": "a"}, {"bucket": "a"}, {"bucket": "a", "arn": "outdated"})
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert not answer.detailedDiff["arn"].inputDiff


def test_a_preview_makes_nothing_and_says_what_is_not_known(engine: Any, driver: FakeDriver) -> None:
    answer = engine.Create(pb.CreateRequest(urn=URN, properties=_struct(bucket="a"), preview=True), timeout=60)
    assert _plain(answer.properties) == {"bucket": "a", "arn": UNKNOWN_TEXT}
    request = pb.UpdateRequest(
        urn=URN, id="id-1", news=_struct(bucket="b"), olds=_struct(bucket="a", arn="arn:a"), preview=True
    )
    assert _plain(engine.Update(request, timeout=60).properties) == {"bucket": "b", "arn": "arn:a"}
    assert driver.seen == []


def test_create_tells_the_driver_what_it_needs_and_hides_what_was_secret(engine: Any, driver: FakeDriver) -> None:
    request = pb.CreateRequest(urn=URN, properties=_struct(bucket=_secret("hidden-name")), timeout=7)
    answer = engine.Create(request, timeout=60)
    assert answer.id == "id-1"
    assert _plain(answer.properties) == {"bucket": _secret("hidden-name"), "arn": _secret("arn:hidden-name")}
    (call, inputs) = driver.seen[0]
    assert inputs == {"bucket": "hidden-name"}
    assert (call.name, call.timeout) == ("media", 7)


def test_an_error_is_one_sentence_without_the_secret(engine: Any, driver: FakeDriver) -> None:
    driver.error = ProviderError("bucket hidden-name: the server said no")
    request = pb.CreateRequest(urn=URN, properties=_struct(bucket=_secret("hidden-name")))
    error = _refused(engine.Create, request)
    assert error.details() == "bucket [secret]: the server said no"
    assert error.code() == protocol.grpc.StatusCode.FAILED_PRECONDITION


def test_a_defect_is_a_sentence_and_its_traceback_in_the_log(engine: Any, driver: FakeDriver, tmp_path: Path) -> None:
    driver.error = KeyError("hidden-name")
    request = pb.CreateRequest(urn=URN, properties=_struct(bucket=_secret("hidden-name")))
    error = _refused(engine.Create, request)
    assert error.code() == protocol.grpc.StatusCode.INTERNAL
    assert error.details() == f"defect of the local minio provider at {TOKEN} media: KeyError('[secret]')"
    log = (tmp_path / "logs" / "provider-minio.log").read_text()
    assert "Traceback" in log
    assert "hidden-name" not in log


def test_an_object_that_is_not_ready_is_kept_with_the_reason(engine: Any, driver: FakeDriver) -> None:
    driver.error = InitError("hidden-name is not ready", "id-2", {"bucket": "hidden-name"})
    request = pb.CreateRequest(urn=URN, properties=_struct(bucket=_secret("hidden-name")))
    error = _refused(engine.Create, request)
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    status = protocol.status_pb2.Status.FromString(details)
    failed = pb.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failed)
    assert failed.id == "id-2"
    assert list(failed.reasons) == ["[secret] is not ready"]
    assert _plain(failed.properties) == {"bucket": _secret("hidden-name")}


def test_read_gives_the_live_object_or_nothing(engine: Any, driver: FakeDriver) -> None:
    request = pb.ReadRequest(
        urn=URN, id="id-1", inputs=_struct(bucket="a", acl="x"), properties=_struct(bucket="a", quota=_secret(5))
    )
    driver.live = ({"bucket": "b"}, {"bucket": "b", "quota": 6})
    answer = engine.Read(request, timeout=60)
    assert (answer.id, _plain(answer.inputs)) == ("id-1", {"bucket": "b"})
    assert _plain(answer.properties) == {"bucket": "b", "quota": _secret(6)}
    driver.live = None
    assert engine.Read(request, timeout=60).id == ""


def test_update_and_delete_get_old_inputs_and_outputs(engine: Any, driver: FakeDriver) -> None:
    old, new, outputs = _struct(bucket="a"), _struct(bucket="a", quota=1), _struct(bucket="a", arn="arn:a")
    answer = engine.Update(pb.UpdateRequest(urn=URN, id="id-1", old_inputs=old, news=new, olds=outputs), timeout=60)
    assert _plain(answer.properties) == {"bucket": "a", "quota": 1, "arn": "arn:a"}, "what was computed stays"
    engine.Delete(pb.DeleteRequest(urn=URN, id="id-1", old_inputs=old, properties=outputs), timeout=60)
    (call, before, after) = driver.seen[0]
    assert (before, after, call.outputs) == (
        {"bucket": "a"},
        {"bucket": "a", "quota": 1},
        {"bucket": "a", "arn": "arn:a"},
    )
    assert driver.seen[1] == ("id-1", {"bucket": "a", "arn": "arn:a"})


def test_settings_arrive_with_their_types(engine: Any, driver: FakeDriver) -> None:
    args = _struct(minioServer="127.0.0.1:9000", minioSsl="true", minioPassword=_secret("true"), version="0.17.1")
    engine.Configure(pb.ConfigureRequest(args=args), timeout=60)
    assert driver.variables == {"minioServer": "127.0.0.1:9000", "minioSsl": True, "minioPassword": "true"}


def test_a_secret_setting_is_kept_out_of_errors(engine: Any, driver: FakeDriver) -> None:
    engine.Configure(pb.ConfigureRequest(args=_struct(minioPassword=_secret("root-password"))), timeout=60)
    driver.error = ProviderError("login with root-password failed")
    error = _refused(engine.Create, pb.CreateRequest(urn=URN, properties=_struct(bucket="a")))
    assert error.details() == "login with [secret] failed"


def test_wrong_settings_are_named(engine: Any) -> None:
    request = pb.CheckRequest(
        urn="urn:pulumi:dev::luxima::pulumi:providers:minio::minio", news=_struct(minioSll="true")
    )
    reasons = [failure.reason for failure in engine.CheckConfig(request, timeout=60).failures]
    assert reasons == ["minioSll: there is no such property; did you mean minioSsl?"]


def test_other_settings_never_replace_what_was_made(engine: Any) -> None:
    request = pb.DiffRequest(
        urn="urn:pulumi:dev::luxima::pulumi:providers:minio::minio",
        old_inputs=_struct(minioServer="127.0.0.1:1"),
        news=_struct(minioServer="127.0.0.1:2"),
    )
    answer = engine.DiffConfig(request, timeout=60)
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert list(answer.replaces) == []


def test_other_calls_are_refused_quietly(engine: Any, capfd: pytest.CaptureFixture[str]) -> None:
    error = _refused(engine.GetSchema, pb.GetSchemaRequest())
    assert error.code() == protocol.grpc.StatusCode.UNIMPLEMENTED
    assert capfd.readouterr().err == ""
