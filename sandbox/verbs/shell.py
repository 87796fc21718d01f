"""`shell`: a command, or a shell, inside the stack's own network, where every address and name is the real one."""

import os
from collections.abc import Sequence

from sandbox import process
from sandbox.faults import SandboxError
from sandbox.layout import Layout
from sandbox.machine import entering
from sandbox.servers.table import GATE
from sandbox.verbs.session import check_settings
from tools import ensure


def run(layout: Layout, command: Sequence[str]) -> None:
    """Become the command; `$SHELL` when none is given.

    Raises:
        SandboxError: When the stack has no network of its own, or the command cannot be run.
    """
    _, settings = check_settings(layout)
    gate = process.load(layout.run, GATE.name)
    if gate is None or not gate.alive():
        raise SandboxError(
            f"stack {layout.stack} has no network of its own: it is down, or its nodes are simulated; "
            f"run sudo make up STACK={layout.stack} NODE=real"
        )
    entering.enter(gate.pid, layout.run, settings)
    kubectl = ensure("kubectl")["kubectl"].parent
    os.environ |= {"KUBECONFIG": str(layout.kubeconfig), "SSL_CERT_FILE": str(layout.ca_bundle)}
    os.environ |= {"PATH": f"{os.environ.get('PATH', os.defpath)}:{kubectl}"}
    os.environ |= {"CURL_CA_BUNDLE": str(layout.ca_bundle), "PS1": f"[{layout.stack}] \\w \\$ "}
    words = list(command) or [os.environ.get("SHELL", "/bin/sh")]
    try:
        os.execvp(words[0], words)  # noqa: S606 - becoming the command is what this is for
    except OSError as error:
        raise SandboxError(f"{words[0]} cannot be run: {error.strerror}") from error
