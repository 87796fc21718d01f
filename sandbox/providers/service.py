# ruff: noqa: N802 - the methods have the protocol's names
"""The engine's calls (gRPC), answered with the handlers of a `Driver`.

Not `pulumi.provider.experimental`: that hands out no old inputs, sends a traceback as the error, cannot say that an
object exists but is not ready, and costs an import of the whole SDK.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from google.protobuf import empty_pb2, struct_pb2

from sandbox.providers import base, changes, sdk_inputs, sdk_types
from sandbox.providers.answers import Call, differences, failures, partly_done
from sandbox.providers.base import InitError, Properties, ProviderError
from sandbox.providers.handlers import Driver
from sandbox.providers.protocol import add_to_server, grpc, plugin_pb2, provider_pb2
from sandbox.providers.values import Secrets, encode

_THREADS = 64
_MAX_MESSAGE = 400 * 1024 * 1024
"""Bytes; what the engine itself allows."""

_NOT_CONFIGURATION = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})
"""What a provider resource has besides its settings."""


def run(package: str, version: str, driver: Driver) -> None:
    """Serve until the engine ends this process or has ended itself; the port goes to stdout, as the engine expects."""
    server, port = start(package, version, driver)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def start(package: str, version: str, driver: Driver) -> tuple[Any, int]:
    """A gRPC server for `driver` on a free port of loopback, and that port."""
    options = [("grpc.max_receive_message_length", _MAX_MESSAGE), ("grpc.max_send_message_length", _MAX_MESSAGE)]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    add_to_server(Service(package, version, driver), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _end(_number: int, _frame: FrameType | None) -> None:
    os._exit(0)  # the engine has its answers by then; threads that still wait are of no use to it


def _end_with(engine: int) -> None:
    while os.getppid() == engine:
        time.sleep(1)
    os._exit(0)


class Service:
    """One method for each of the protocol's calls that local providers answer."""

    def __init__(self, package: str, version: str, driver: Driver) -> None:
        self._package = package
        self._version = version
        self._driver = driver
        self._config_secrets = Secrets()

    def __getattr__(self, name: str) -> Callable[[Any, Any], NoReturn]:
        """Any other call of the protocol is not implemented, quietly."""
        if not name[:1].isupper():
            raise AttributeError(name)
        return self._refuse

    def _refuse(self, _request: Any, context: Any) -> NoReturn:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the local {self._package} provider does not have this call")
        raise AssertionError("abort does not return")

    def Handshake(self, _request: Any, _context: Any) -> Any:
        """Secrets are wanted as such; outputs and resource references are not."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        """The SDK's version, whose types this provider takes."""
        return plugin_pb2.PluginInfo(version=self._version)

    def Cancel(self, _request: Any, _context: Any) -> Any:
        """The user pressed Ctrl-C: what waits ends with an error."""
        base.stop()
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Check the provider's own inputs."""

        def check(call: Call) -> Any:
            token = f"pulumi:providers:{self._package}"
            variables = self._variables(call.take(request.news))
            problems = sdk_inputs.problems(self._package, token, variables)
            return provider_pb2.CheckResponse(inputs=request.news, failures=failures(problems))

        return self._answer(request, context, check)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """A changed configuration (a server on another port) never replaces what the provider made."""

        def diff(call: Call) -> Any:
            changed = call.take(request.old_inputs) != call.take(request.news)
            some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
            return provider_pb2.DiffResponse(changes=some)

        return self._answer(request, context, diff)

    def Configure(self, request: Any, context: Any) -> Any:
        """Hand the settings to the driver."""

        def configure(call: Call) -> Any:
            variables = self._variables(call.take(request.args))
            self._config_secrets = Secrets(texts=call.secrets.texts)
            self._driver.configure(variables)
            return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

        return self._answer(request, context, configure)

    def _variables(self, properties: Properties) -> Properties:
        """Settings as the SDK's types say: the SDK sends all but strings as JSON."""
        args = sdk_types.args_type(self._package, f"pulumi:providers:{self._package}")
        variables = {k: v for k, v in properties.items() if k not in _NOT_CONFIGURATION and not k.startswith("__")}
        for key, value in variables.items():
            kind = args.properties.get(key) if args else None
            if isinstance(value, str) and kind not in (None, sdk_types.BasicType("str")):
                with suppress(ValueError):
                    variables[key] = json.loads(value)
        return variables

    def Check(self, request: Any, context: Any) -> Any:
        """Fill in the driver's defaults; say what is wrong with the inputs."""

        def check(call: Call) -> Any:
            handler = self._driver.handler(call.token)
            inputs = handler.defaults(call.take(request.news))
            problems = [*sdk_inputs.problems(self._package, call.token, inputs), *handler.check(inputs)]
            return provider_pb2.CheckResponse(inputs=self._send(inputs, call), failures=failures(problems))

        return self._answer(request, context, check)

    def Diff(self, request: Any, context: Any) -> Any:
        """Old inputs against new ones, and what the driver knows to be stale."""

        def diff(call: Call) -> Any:
            old, new, outputs = (call.take(part) for part in (request.old_inputs, request.news, request.olds))
            handler = self._driver.handler(call.token)
            with base.running(call.operation(outputs)):
                found = changes.compare(old, new, handler.replaces(old, new), handler.equal)
                found = changes.without_ignored(found, request.ignoreChanges)
                first = any(change.replaces for change in found) and handler.deletes_first
                stale = handler.stale(new, outputs)
            return differences(found, stale, first)

        return self._answer(request, context, diff)

    def Create(self, request: Any, context: Any) -> Any:
        """Make the object; in a preview, say what is known of it."""

        def create(call: Call) -> Any:
            inputs = call.take(request.properties)
            handler = self._driver.handler(call.token)
            with base.running(call.operation()):
                if request.preview:
                    return provider_pb2.CreateResponse(properties=self._send(handler.preview(inputs), call))
                resource_id, outputs = handler.create(call.name, inputs)
            return provider_pb2.CreateResponse(id=resource_id, properties=self._send(outputs, call))

        return self._answer(request, context, create)

    def Read(self, request: Any, context: Any) -> Any:
        """The live object; an empty answer when it is gone."""

        def read(call: Call) -> Any:
            inputs, outputs = call.take(request.inputs), call.take(request.properties)
            handler = self._driver.handler(call.token)
            with base.running(call.operation(outputs)):
                resource_id = request.id if outputs else handler.imported(request.id)
                found = handler.read(resource_id, inputs, outputs)
            if found is None:
                return provider_pb2.ReadResponse()
            live_inputs, live_outputs = (self._send(part, call) for part in found)
            return provider_pb2.ReadResponse(id=resource_id, inputs=live_inputs, properties=live_outputs)

        return self._answer(request, context, read)

    def Update(self, request: Any, context: Any) -> Any:
        """Change the object; in a preview, say what will be known of it."""

        def update(call: Call) -> Any:
            old, new, outputs = (call.take(part) for part in (request.old_inputs, request.news, request.olds))
            handler = self._driver.handler(call.token)
            with base.running(call.operation(outputs)):
                if request.preview:
                    outputs = handler.preview_update(new, outputs)
                else:
                    outputs = handler.update(request.id, old, new)
            return provider_pb2.UpdateResponse(properties=self._send(outputs, call))

        return self._answer(request, context, update)

    def Delete(self, request: Any, context: Any) -> Any:
        """Remove the object."""

        def delete(call: Call) -> Any:
            call.take(request.old_inputs)  # what of them is secret stays out of errors
            outputs = call.take(request.properties)
            with base.running(call.operation(outputs)):
                self._driver.handler(call.token).delete(request.id, outputs)
            return empty_pb2.Empty()

        return self._answer(request, context, delete)

    def _send(self, properties: Properties, call: Call) -> struct_pb2.Struct:
        always = Secrets(frozenset((key,) for key in self._driver.handler(call.token).secrets))
        return encode(properties, call.secrets | self._config_secrets | always)

    def _answer(self, request: Any, context: Any, work: Callable[[Call], Any]) -> Any:
        """Do `work`; what goes wrong reaches the user as one sentence without secrets."""
        parts = getattr(request, "urn", "").split("::")
        call = Call(request, token=parts[2].rpartition("$")[2] if len(parts) > 2 else "", name=parts[-1])
        try:
            return work(call)
        except InitError as error:
            reason, outputs = self._redact(str(error), call), self._send(error.outputs, call)
            code = grpc.StatusCode.FAILED_PRECONDITION
            context.abort_with_status(partly_done(code, reason, error.resource_id, outputs))
        except ProviderError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, self._redact(str(error), call))
        except Exception as error:  # noqa: BLE001 - whatever it is, the engine gets a sentence and the log the traceback
            self._log(self._redact(traceback.format_exc(), call))
            sentence = f"defect of the local {self._package} provider at {call.token} {call.name}: {error!r}"
            context.abort(grpc.StatusCode.INTERNAL, self._redact(sentence, call))

    def _redact(self, message: str, call: Call) -> str:
        return (call.secrets | self._config_secrets).redact(message)

    def _log(self, message: str) -> None:
        with suppress(ProviderError, OSError):
            file = base.sandbox_dir() / "logs" / f"provider-{self._package}.log"
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as log:
                log.write(message + "\n")
