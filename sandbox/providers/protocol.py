"""The engine's plugin protocol (gRPC): the SDK's generated classes, loaded without the SDK.

`import pulumi` takes a second of CPU and every `make up` starts six plugins; the generated modules need none of it.
"""

import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

_NAME = "sandbox.providers._pulumirpc"


def _load(module: str) -> Any:
    if _NAME not in sys.modules:
        pulumi = find_spec("pulumi")
        if pulumi is None or not pulumi.submodule_search_locations:
            raise ImportError("the package pulumi is not installed")
        spec = ModuleSpec(_NAME, loader=None, is_package=True)
        spec.submodule_search_locations = [str(Path(pulumi.submodule_search_locations[0], "runtime", "proto"))]
        sys.modules[_NAME] = module_from_spec(spec)
    return importlib.import_module(f"{_NAME}.{module}")


if TYPE_CHECKING:
    from pulumi.runtime.proto import plugin_pb2, provider_pb2, status_pb2
else:
    plugin_pb2 = _load("plugin_pb2")
    provider_pb2 = _load("provider_pb2")
    status_pb2 = _load("status_pb2")

grpc = cast("Any", importlib.import_module("grpc"))
"""The gRPC library; it carries no types."""

add_to_server = _load("provider_pb2_grpc").add_ResourceProviderServicer_to_server

__all__ = ["add_to_server", "grpc", "plugin_pb2", "provider_pb2", "status_pb2"]
