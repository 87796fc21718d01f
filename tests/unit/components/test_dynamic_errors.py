"""What a dynamic provider raises reaches a person as a sentence, by the SDK's own plugin in a process of its own."""

import subprocess
import sys
from typing import Any, cast

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.dynamic import Config, ConfigureRequest, ResourceProvider, dynamic
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from components.dns.rfc2136 import Rfc2136Provider
from components.platform import Platform
from tests.programs import end
from tests.recording import ROOT


def test_the_plugin_reports_the_sentence_and_no_traceback() -> None:
    process = subprocess.Popen([sys.executable, "-u", "-m", "pulumi.dynamic", "-"], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        given = Struct()
        given.update(
            {"__provider": cast(Any, dynamic).serialize_provider(Rfc2136Provider()), "server": "127.0.0.1", "port": 53}
        )
        given.update(
            {"zone": "example.org", "name": "shop.example.org", "type": "A", "ttl": 30, "records": ["10.0.0.1"]}
        )
        given.update({"keyName": "key", "keyAlgorithm": "hmac-sha256"})
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            plugin: Any = provider_pb2_grpc.ResourceProviderStub(channel)
            with pytest.raises(grpc.RpcError) as raised:
                plugin.Create(provider_pb2.CreateRequest(properties=given), timeout=120, wait_for_ready=True)
    finally:
        end(process)
    said: str = cast(Any, raised.value).details()
    assert "luxima:dnsTsigSecret is not set" in said
    assert "File" not in said
    assert "Traceback" not in said


def _all(base: type[ResourceProvider]) -> set[type[ResourceProvider]]:
    return {found for each in base.__subclasses__() for found in ({each} | _all(each))}


def test_no_provider_changes_another_process() -> None:
    assert Platform
    before = getattr(sys, "tracebacklimit", None)
    ours = {each for each in _all(ResourceProvider) if each.__module__.startswith("components.")}
    assert len(ours) > 5
    for provider in ours:
        provider().configure(ConfigureRequest(Config({}, "luxima")))
        assert getattr(sys, "tracebacklimit", None) == before, provider
