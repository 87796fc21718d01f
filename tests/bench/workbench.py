"""A folder in which the engine runs a program against recorded providers, and single runs in it."""

import base64
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2

from sandbox import overlay, plugins, sealing
from sandbox.engine import environment
from sandbox.engine.command import end_session
from sandbox.engine.runs import without_log
from sandbox.layout import PYCACHE, ROOT, EngineFolder, Layout
from sandbox.providers import service
from sandbox.providers.base import UNKNOWN, Properties
from sandbox.providers.handlers import Driver
from sandbox.providers.protocol import add_to_server, grpc
from sandbox.providers.recorded import Recorded, digest
from sandbox.providers.rules import Failures
from sandbox.verbs.session import stand_ins
from tests.bench.measuring import Run, RunError
from tests.bench.once import ATTACHED, PASSPHRASE
from tools import ensure

_PACKAGES = ("command", "docker", "kubernetes", "minio", "proxmoxve", "pulumi-python", "random")
_COMPUTED = {
    "command:remote:Command": ("stdout",),
    "docker:index/remoteImage:RemoteImage": ("imageId", "repoDigest"),
    "minio:index/iamServiceAccount:IamServiceAccount": ("accessKey", "secretKey"),
    "pulumi-python:dynamic/database:Certificate": ("certificate", "key"),
    "random:index/randomPassword:RandomPassword": ("result",),
}
"""Outputs that the program goes on with."""
_CERTIFICATE = "kubernetes:core/v1:SecretPatch"
"""The Secret of which a certificate is read."""
_SECONDS = 1200
"""How long one run may take."""


class _Records(Recorded):
    """A type, whose outputs are made up from the name, the same every time."""

    def __init__(self, token: str) -> None:
        self._token = token

    def made_up(self, name: str, inputs: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """A certificate, or digests."""
        if self._token == _CERTIFICATE:
            return {"data": {key: base64.b64encode(b"made up").decode() for key in ("ca.crt", "tls.crt", "tls.key")}}
        made = {output: digest(name, output) for output in _COMPUTED.get(self._token, ())}
        return made | {"bcryptHash": f"$2b$10${digest(name)[:53]}"} if "result" in made else made

    def computed(self, inputs: Properties) -> Properties:
        """The same, not known yet."""
        return dict.fromkeys(self.made_up("", inputs), UNKNOWN)

    def check(self, inputs: Properties) -> Failures:  # noqa: ARG002 - the protocol's
        """Whatever there is."""
        return []


class _Driver(Driver):
    """Records every type of every package."""

    def handler(self, token: str) -> Recorded:
        """One of its own."""
        return _Records(token)


class _Service(service.Service):
    """A provider that runs already."""

    def Attach(self, _request: object, _context: object) -> object:  # noqa: N802 - the protocol's name
        """The engine is here; nothing is asked of it."""
        return empty_pb2.Empty()

    def Cancel(self, _request: object, _context: object) -> object:  # noqa: N802 - the protocol's name
        """This process goes on when the engine has ended: a run that was refused must not end others' waiting."""
        return empty_pb2.Empty()


def _serve(package: str) -> tuple[Any, int]:
    """A server of a package, which serves as long as it is held, and its port."""
    server = grpc.server(ThreadPoolExecutor(16))
    add_to_server(_Service(package, "0.0.0", _Driver(package, {})), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


class Workbench:
    """The engine's folder for one stack; this process serves its providers, so that none has to start.

    Args:
        base: Where the engine works.
        stack: Name of the stack.
        root: The checkout with its files.
    """

    def __init__(self, base: Path, stack: str, root: Path = ROOT) -> None:
        ensure("pulumi")
        layout = Layout(stack, root)
        self.platform = str(root / "__main__.py")
        self._folder = EngineFolder(base, stack)
        config = overlay.with_installed(overlay.read_config(layout))
        overlay.write(layout, self._folder, config, stand_ins(config), sealing.new(PASSPHRASE))
        plugins.write(self._folder, plugins.Plugins({}, (), None), "")
        for path in (self._folder.state, self._folder.home, self._folder.logs):
            path.mkdir(exist_ok=True)
        without_log(self._folder.home)
        self._servers = {package: _serve(package) for package in _PACKAGES}
        own = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        self._environment = {
            **own,
            "PYTHONPYCACHEPREFIX": str(PYCACHE),
            ATTACHED: ",".join(f"{package}:{port}" for package, (_, port) in self._servers.items()),
        }
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    @property
    def project(self) -> Path:
        """Folder with the project file and the stack's."""
        return self._folder.project

    def environment(self) -> dict[str, str]:
        """For whoever runs the engine here in another way."""
        built = environment.build(self._folder, passphrase=PASSPHRASE, bundle=None)
        path = f"{ensure('pulumi')['pulumi'].parent}:{built['PATH']}"
        return {**built, "PATH": path, ATTACHED: self._environment[ATTACHED]}

    def record(self) -> str:
        """Bring the platform up once and keep what it declared: a file for the bare program."""
        self.run("up", self.platform)
        return str((self._folder.base / "exported.json").rename(self._folder.base / "recorded.json"))

    def run(self, verb: str, program: str, pack: Path | None = None, *, at_the_end: bool = False) -> Run:
        """Run the engine once on an empty stack.

        Args:
            verb: `preview` or `up`.
            program: As `once` takes it.
            pack: The policy pack of a preview.
            at_the_end: Whether the state is written once instead of after every step.

        Raises:
            RunError: When it failed.
        """
        shutil.rmtree(self._folder.state / ".pulumi", ignore_errors=True)
        arguments = [str(self._folder.base), self._folder.stack, verb, program, *([str(pack)] if pack else [])]
        command = [sys.executable, "-m", "tests.bench.once", *arguments]
        variables = self._environment | (dict(environment.STATE_AT_END) if at_the_end else {})
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise RunError(f"not done after {_SECONDS} s") from None
        finally:
            end_session(self._folder, graceful_seconds=0)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            raise RunError(f"exit status {done.returncode} and no answer") from None
        if answer["failure"]:
            raise RunError(answer["failure"])
        return answer["taken"]
