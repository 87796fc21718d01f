"""A recording stand-in for the engine: what a program declares is kept, so that a test can assert what is absent too.

Nothing is deployed and no provider runs; that is what tests/e2e is for.
"""

import asyncio
import base64
import fcntl
import functools
import hashlib
import json
import os
import pickle
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from unittest import mock

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import wait_for_rpcs

from components.platform import Platform
from sandbox.credentials import private_key
from settings import Settings
from settings.compute import Compute
from settings.loading import check
from settings.secrets import SECRETS

ROOT = Path(__file__).resolve().parent.parent
_SECRET_MARK: Final = "4dabf18193072939515e22adb298388d"
"""Key that marks a secret in what the SDK sends to the engine."""

STACKS = ("dev", "staging", "prod")

AUTHORITY: Final = "-----BEGIN CERTIFICATE-----\nof the private CA\n-----END CERTIFICATE-----\n"

_COMPUTED: Mapping[str, Mapping[str, Any]] = {
    "random:index/randomPassword:RandomPassword": {"result": "generated-password", "bcryptHash": "$2b$10$generated"},
    "minio:index/iamServiceAccount:IamServiceAccount": {"accessKey": "KEYID", "secretKey": "generated-secret"},
    "command:remote:Command": {"stdout": "kubeconfig"},
    "pulumi-python:dynamic/database:Certificate": {"certificate": "database-certificate", "key": "database-key"},
    "kubernetes:core/v1:SecretPatch": {
        "data": {
            "ca.crt": base64.b64encode(AUTHORITY.encode()).decode(),
            "tls.crt": base64.b64encode(b"a certificate").decode(),
            "tls.key": base64.b64encode(b"a private key").decode(),
        }
    },
}
Identity = tuple[str, str]
"""Type token and logical name of a resource."""


@dataclass(frozen=True)
class Declared:
    """A resource that was declared."""

    type: str
    """Type token."""
    name: str
    """Logical name."""
    inputs: Mapping[str, Any]
    """Inputs as the engine gets them, in camelCase."""

    @property
    def identity(self) -> Identity:
        """What tells it from all others."""
        return self.type, self.name


def _plain(value: Any) -> Any:
    """The value as a provider sees it: secrets unwrapped, whole numbers whole."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        if _SECRET_MARK in items:
            return _plain(items["value"])
        return {key: _plain(item) for key, item in items.items()}
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _decoded(value: Any) -> Any:
    """An input of a provider; the SDK sends those that are no texts as JSON."""
    try:
        decoded = json.loads(value)
    except (TypeError, ValueError):
        return value
    return cast(Any, decoded) if isinstance(decoded, bool | list | dict) else value


class Recorder(Mocks):
    """Takes every resource and answers with its inputs."""

    def __init__(self) -> None:
        self.resources: list[Declared] = []
        self.waits: dict[Identity, frozenset[Identity]] = {}
        """What the engine finishes before it begins with a resource."""
        self.ignored: dict[Identity, frozenset[str]] = {}
        """Paths of a resource's inputs whose change is ignored."""
        self.deleted_first: set[Identity] = set()
        """Resources that are deleted before what replaces them is made."""
        self.replaced_with: dict[Identity, frozenset[Identity]] = {}
        """Resources whose replacement replaces a resource as well."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Keep the resource; its outputs are its inputs and what a server would have computed."""
        given = cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType] - the SDK says `dict`
        inputs = {key: _plain(value) for key, value in given.items()}
        if args.typ.startswith("pulumi:providers:"):
            inputs = {key: _decoded(value) for key, value in inputs.items()}
        self.resources.append(Declared(args.typ, args.name, inputs))
        return f"{args.name}-id", {**given, **_COMPUTED.get(args.typ, {})}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """No room asks a provider anything."""
        raise AssertionError(f"unexpected call of {args.token}")

    def of(self, type_: str) -> list[Declared]:
        """Declared resources whose type token ends in `type_`."""
        return [each for each in self.resources if each.type.endswith(type_)]

    def named(self, name: str) -> Declared:
        """The one resource called `name`."""
        (found,) = [each for each in self.resources if each.name == name]
        return found

    def before(self, later: Declared) -> set[Identity]:
        """Everything that is finished before `later` is begun."""
        found: set[Identity] = set()
        left = [later.identity]
        while left:
            new = self.waits.get(left.pop(), frozenset()) - found
            found |= new
            left += new
        return found


class _Monitor(MockMonitor):
    """Notes the options of a resource, of which mocks are not told."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self._recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """As the base class."""
        provider = [request.provider.rpartition("::")[0]] if request.provider else []
        identity = request.type, request.name
        # A child is not begun before what its parent waits for is there.
        parent = _identity(request.parent) if request.parent else identity
        waits = frozenset(map(_identity, [*request.dependencies, *provider]))
        self._recorder.waits[identity] = waits | self._recorder.waits.get(parent, waits)
        self._recorder.ignored[identity] = frozenset(request.ignoreChanges)
        self._recorder.replaced_with[identity] = frozenset(map(_identity, request.replace_with))
        if request.deleteBeforeReplace:
            self._recorder.deleted_first.add(identity)
        return super().RegisterResource(request)  # pyright: ignore[reportUnknownMemberType] - the SDK says nothing


def _identity(urn: str) -> Identity:
    *_, types, name = urn.split("::")
    return types.rpartition("$")[2], name


def record(program: Callable[[], Any], stack: str = "dev") -> Recorder:
    """Run `program` and return what it declared."""
    recorder = Recorder()

    async def run() -> None:
        pulumi.runtime.set_mocks(recorder, project="luxima", stack=stack, preview=False, monitor=_Monitor(recorder))
        program()
        await _finished()

    with _closed_loops(), mock.patch("hashlib.scrypt", scrypt), mock.patch(_STACK_TRACE, StackTrace):
        asyncio.run(run())
    return recorder


scrypt = functools.cache(hashlib.scrypt)
"""It is slow on purpose, and what is recorded again has the same secrets."""
_STACK_TRACE: Final = "pulumi.runtime.resource._get_stack_trace"
"""Where in the program each resource is declared; no test asks, and it takes a tenth of the time."""


@contextmanager
def _closed_loops() -> Generator[None]:
    """Close the event loops that the SDK makes for its threads and forgets: a collected one complains in any test."""
    make, made = asyncio.new_event_loop, list[asyncio.AbstractEventLoop]()

    def kept() -> asyncio.AbstractEventLoop:
        made.append(make())
        return made[-1]

    with mock.patch("asyncio.new_event_loop", kept):
        yield
    for loop in made:
        loop.close()


async def _finished() -> None:
    """Wait for all that was declared: all at once, since the SDK begins anew with all outputs after each."""
    sdk = cast("Any", SETTINGS)
    while True:
        await wait_for_rpcs(await_all_outstanding_tasks=False)
        pending = list(sdk.outputs)
        sdk.outputs.clear()
        if not pending:
            return
        await asyncio.gather(*pending)


@functools.cache
def stack_settings(stack: str) -> Settings:
    """The committed settings of `stack`; read once, which takes a tenth of a second, and not to be changed."""
    return check(stack, ROOT)


def released(settings: Settings, *services: str) -> Settings:
    """Those settings, with no other service released than these."""
    found = {name: release for name, release in settings.releases.services.items() if name in services}
    return settings.model_copy(update={"releases": settings.releases.model_copy(update={"services": found})})


def on_shared_storage(*guests: str) -> Settings:
    """Those of prod, had it storage that all nodes share, on which Proxmox starts these guests elsewhere."""
    settings = stack_settings("prod")
    data = settings.compute.model_dump()
    data["storage"] = {"disks": "ceph", "files": "cephfs", "shared": True}
    for guest in guests:
        (data["vms"].get(guest) or data["containers"][guest])["ha"] = True
    return settings.model_copy(update={"compute": Compute.model_validate(data)})


def record_platform(settings: Settings) -> Recorder:
    """What the whole platform of `settings` declares; not to be changed, since the next who asks gets the same."""
    key = settings.model_dump_json()
    if key not in _recorded:
        folder = os.environ.get(SHARED)
        _recorded[key] = _for_all(Path(folder), key, settings) if folder else _record_platform(settings)
    return _recorded[key]


def _for_all(folder: Path, key: str, settings: Settings) -> Recorder:
    """Recorded by the first process of the run that asks, and read by the others: recording takes seconds."""
    with (folder / hashlib.sha256(key.encode()).hexdigest()).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        content = file.read()
        if content:
            return cast("Recorder", pickle.loads(content))  # noqa: S301 - this run has written it
        made = _record_platform(settings)
        file.write(pickle.dumps(made))
        return made


SHARED: Final = "LUXIMA_TEST_RECORDED"
"""Variable with the folder that all processes of a test run share; see tests/conftest.py."""
_recorded: dict[str, Recorder] = {}


def _record_platform(settings: Settings) -> Recorder:
    areas = settings.model_dump()
    needed = [secret.key for secret in SECRETS if secret.needed(areas)]
    given = {
        "proxmoxApiToken": "root@pam!luxima=00000000-0000-0000-0000-000000000000",
        "minioRootPassword": "root-password",
        "dnsTsigSecret": "dHNpZw==",
        "dnsGuardTsigSecret": "Z3VhcmQ=",
        "acmeTsigSecret": "YWNtZQ==",
        "sshPrivateKey": private_key(),
        "kubeconfig": "kubeconfig",
        "coolifyVariables": "{}",
    }

    def program() -> None:
        Platform(
            settings,
            {key: pulumi.Output.secret(given.get(key, f"a-{key}")) for key in needed},
        )

    return record(program, settings.environment.name)
