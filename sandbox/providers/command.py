# ruff: noqa: ARG002 - the protocol's signatures
"""The package `command`: nothing is run on machines that are not there.

Three steps are more than recorded: a `command:remote:Command` named `<cluster>-kubeconfig` gives that of the simulated
cluster, one named `<machine>-host-key` a key that nobody has, and `docker start --attach NAME` runs on a Docker host
whose engine is here.
"""

import base64
import hashlib
import re
from pathlib import Path

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, operation, sandbox_dir, sdk_version
from sandbox.providers.docker.engine import find
from sandbox.providers.handlers import Driver
from sandbox.providers.recorded import Recorded
from sandbox.providers.rules import Failures
from sandbox.providers.service import run

RECORDED = "command:remote:Command"
SERVER = "none (recorded; the kubeconfig is the simulated cluster's)"

_SUFFIX = "-kubeconfig"
_HOST_KEY = "-host-key"
_ATTACHED = re.compile(r"docker start --attach (\S+)")
_TOLD = 20
"""Lines of a container that failed, at most."""
_PUBLIC_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}( .*)?")


class Commands(Recorded):
    """Commands on other machines: recorded, but for those that can be answered."""

    # As the official plugin: other changes run `update`, or `create` again.
    replacing = ("triggers",)
    # A kubeconfig has a client key in it.
    secrets = frozenset({"stdout"})

    def check(self, inputs: Properties) -> Failures:
        """Whatever the SDK takes."""
        return []

    def computed(self, inputs: Properties) -> Properties:
        """No command has run yet."""
        return {"stdout": UNKNOWN, "stderr": UNKNOWN}

    def made_up(self, name: str, inputs: Properties) -> Properties:
        """What the command printed: nothing, the kubeconfig, or a key.

        The official plugin reads the machine's key before it connects (`connection.go`).
        """
        key = inputs["connection"].get("hostKey")
        if isinstance(key, str) and not _PUBLIC_KEY.fullmatch(key):
            raise ProviderError("failed to parse host key: give a line of type and base64 as connection.hostKey")
        return {"stdout": _printed(name), "stderr": ""}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Run it where that can be done."""
        resource_id, outputs = super().create(name, inputs)
        return resource_id, {**outputs, **_run(inputs)}

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Run it again, as the official plugin does."""
        return {**super().update(resource_id, old, new), **_run(new)}

    def preview_update(self, inputs: Properties, outputs: Properties) -> Properties:
        """An update gives what is on disk; before the cluster's first start, nothing is known of it."""
        name = operation().name
        if name.endswith(_SUFFIX) and not _file().exists():
            return self.preview(inputs)
        return {**inputs, **self.made_up(name, inputs)}

    def stale(self, inputs: Properties, outputs: Properties) -> frozenset[str]:
        """The cluster was made anew, on another port and with other keys."""
        if not operation().name.endswith(_SUFFIX) or not _file().exists():
            return frozenset()
        return frozenset() if outputs.get("stdout") == _kubeconfig() else frozenset({"stdout"})

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What was recorded, with the kubeconfig as it is now."""
        found = super().read(resource_id, inputs, outputs)
        if found and operation().name.endswith(_SUFFIX) and _file().exists():
            return inputs, {**outputs, "stdout": _kubeconfig()}
        return found


class CommandDriver(Driver):
    """Commands, and no other type."""

    def __init__(self) -> None:
        super().__init__("command", {RECORDED: Commands()})


def _run(inputs: Properties) -> Properties:
    """What a container said that was started and has ended; nothing where no engine is.

    Raises:
        ProviderError: When it ended with an error; with its last lines, as the official plugin tells them.
    """
    attached = _ATTACHED.fullmatch(str(inputs.get("create")))
    engine = find({"host": f"ssh://{inputs['connection'].get('host', '')}"})
    if attached is None or engine is None:
        return {}
    name = attached.group(1)
    with engine.telling(f"docker start {name}") as api:
        api.start(name)
        status = api.wait(name)["StatusCode"]
        said = api.logs(name, tail=_TOLD).decode(errors="replace")
    if status:
        raise ProviderError(f'Process exited with status {status}: running "{inputs["create"]}":\n{said}')
    return {"stdout": said}


def _printed(name: str) -> str:
    if name.endswith(_HOST_KEY):
        public = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + hashlib.sha256(name.encode()).digest()
        return f"ssh-ed25519 {base64.b64encode(public).decode()}\n"
    return _kubeconfig() if name.endswith(_SUFFIX) else ""


def _file() -> Path:
    return sandbox_dir() / "kubeconfig"


def _kubeconfig() -> str:
    try:
        return _file().read_text("utf-8")
    except OSError as error:
        raise ProviderError(
            f"the simulated cluster's kubeconfig cannot be read: {error.strerror}: {_file()}"
        ) from error


if __name__ == "__main__":
    run("command", sdk_version("command"), CommandDriver())
