"""What a step is not about is answered from the state; the engine is asked for the rest, in an order that it takes."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import resource_pb2

from release.pulumi_engine.known import KnownResources

HEAD = "urn:pulumi:dev::luxima::"
STACK = f"{HEAD}pulumi:pulumi:Stack::luxima-dev"
ROOM = f"{HEAD}luxima:dns:Zone::dns-public"
PROVIDER = f"{HEAD}pulumi:providers:dns::default"
BUCKETS = f"{HEAD}pulumi:providers:minio::default"
RECORD = f"{HEAD}luxima:dns:Zone$dns:Record::public"
OTHER = f"{HEAD}luxima:dns:Zone$dns:Record::other"
BUCKET = f"{HEAD}minio:Bucket::media"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps("key of it")}


def state(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"urn": STACK, "type": "pulumi:pulumi:Stack"},
        {"urn": PROVIDER, "id": "of-dns"},
        {"urn": BUCKETS, "id": "of-minio"},
        {"urn": ROOM, "parent": STACK, "outputs": {}},
        {"urn": RECORD, "id": "1", "parent": ROOM, "provider": f"{PROVIDER}::of-dns", "outputs": {}},
        {
            "urn": BUCKET,
            "id": "media",
            "parent": STACK,
            "provider": f"{BUCKETS}::of-minio",
            "outputs": {"size": 3, "names": ["a"], "key": SECRET},
        },
        *more,
    ]


class Monitor:
    """The engine's: gives every resource an identity."""

    def __init__(self, broken: str = "") -> None:
        self.asked: list[Any] = []
        self.told: list[str] = []
        self._broken = broken

    @property
    def names(self) -> list[str]:
        return [request.name for request in self.asked]

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        if request.name == self._broken:
            raise ValueError("the engine is broken")
        self.asked.append(request)
        return resource_pb2.RegisterResourceResponse(urn=f"urn of {request.name}", id=f"id of {request.name}")

    def RegisterResourceOutputs(self, request: Any) -> None:  # noqa: N802 - the protocol's name
        self.told.append(request.urn)

    def SupportsFeature(self, _request: Any) -> bool:  # noqa: N802 - the protocol's name
        return True


def declared(type_: str, name: str, parent: str = STACK, **more: Any) -> Any:
    return resource_pb2.RegisterResourceRequest(type=type_, name=name, parent=parent, **more)


def known(monitor: Monitor, targets: Sequence[str] = (f"{HEAD}**::public",), *more: dict[str, Any]) -> KnownResources:
    return KnownResources(monitor, state(*more), targets)


def test_what_the_step_is_not_about_is_answered_as_the_engine_would() -> None:
    monitor = Monitor()
    answer = known(monitor).RegisterResource(declared("minio:Bucket", "media"))
    assert (monitor.asked, answer.urn, answer.id) == ([], BUCKET, "media")
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "key of it"}
    assert json_format.MessageToDict(answer.object) == {"size": 3, "names": ["a"], "key": secret}


def test_a_target_is_asked_for_after_its_parents_and_with_the_provider_that_the_engine_knows() -> None:
    monitor = Monitor()
    made = known(monitor)
    made.RegisterResource(declared("pulumi:providers:dns", "default"))
    made.RegisterResource(declared("luxima:dns:Zone", "dns-public"))
    made.RegisterResource(declared("dns:Record", "public", ROOM, provider=f"{PROVIDER}::of-dns"))
    assert monitor.names == ["dns-public", "default", "public"]
    assert monitor.asked[-1].provider == f"{PROVIDER}::id of default"


@pytest.mark.parametrize(
    "more",
    [
        {"dependencies": [RECORD]},
        {"propertyDependencies": {"names": [RECORD]}},
        {"parent": RECORD},
        {"deletedWith": RECORD},
        {"replaceWith": [RECORD]},
        {"provider": f"{RECORD}::1"},
    ],
)
def test_what_depends_on_a_target_is_asked_for_however_far_or_the_engine_would_delete_it(more: dict[str, Any]) -> None:
    monitor = Monitor()
    near, far = f"{HEAD}x:Y::near", f"{HEAD}x:Y::far"
    made = known(monitor, (RECORD,), {"urn": near, **more}, {"urn": far, "dependencies": [near]})
    made.RegisterResource(declared("x:Y", "far"))
    made.RegisterResource(declared("minio:Bucket", "media"))
    assert monitor.names == ["far"]


def test_all_resources_of_a_provider_in_use_are_asked_for() -> None:
    """The engine would make its default provider twice: for one that it found in the state, and for one of these."""
    monitor = Monitor()
    other = {"urn": OTHER, "parent": ROOM, "provider": f"{PROVIDER}::of-dns"}
    made = known(monitor, (RECORD,), other)
    made.RegisterResource(declared("dns:Record", "other", ROOM))
    assert monitor.names == ["other"]


def test_a_component_is_asked_for_when_one_below_it_is() -> None:
    monitor = Monitor()
    made = known(monitor)
    made.RegisterResource(declared("luxima:dns:Zone", "dns-public"))
    assert monitor.names == ["dns-public"]


def test_what_the_state_does_not_have_is_the_engine_s_to_judge() -> None:
    monitor = Monitor()
    made = known(monitor)
    made.RegisterResource(declared("minio:Bucket", "new"))
    made.RegisterResource(declared("pulumi:pulumi:Stack", "luxima-dev", ""))
    assert monitor.names == ["new", "luxima-dev"]


def test_a_resource_that_waits_to_be_deleted_is_not_known() -> None:
    monitor = Monitor()
    made = known(monitor, (RECORD,), {"urn": f"{HEAD}x:Y::old", "delete": True})
    made.RegisterResource(declared("x:Y", "old"))
    assert monitor.names == ["old"]


def test_outputs_are_told_of_what_the_engine_was_asked_for_and_of_nothing_else() -> None:
    monitor = Monitor()
    room = {"urn": f"{HEAD}luxima:Room::room", "parent": STACK}
    made = known(monitor, (RECORD,), room)
    made.RegisterResource(declared("luxima:Room", "room"))
    made.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=room["urn"]))
    assert (monitor.asked, monitor.told) == ([], [])
    made.RegisterResource(declared("x:Y", "new", room["urn"]))
    assert (monitor.names, monitor.told) == (["room", "new"], [room["urn"]])
    made.RegisterResourceOutputs(resource_pb2.RegisterResourceOutputsRequest(urn=STACK))
    assert monitor.told == [room["urn"], STACK]


def test_an_error_of_the_engine_reaches_everyone_who_waits_for_it() -> None:
    made = known(Monitor(broken="dns-public"))
    with pytest.raises(ValueError, match="the engine is broken"):
        made.RegisterResource(declared("luxima:dns:Zone", "dns-public"))
    with pytest.raises(ValueError, match="the engine is broken"):
        made.RegisterResource(declared("dns:Record", "public", ROOM))


def test_everything_else_is_the_engine_s_own() -> None:
    assert known(Monitor()).SupportsFeature(struct_pb2.Struct()) is True
