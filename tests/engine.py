"""Any program on the real engine, in a folder of its own: for tests and figures of one room."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pulumi import automation
from pulumi.automation._stack import StackInitMode  # as the sandbox makes it
from pulumi.runtime import _grpc_settings

from automation.stack import BareStack
from sandbox import plugins
from sandbox.engine import environment
from sandbox.engine.command import EngineCommand
from sandbox.engine.runs import Workspace, without_log
from sandbox.layout import EngineFolder
from tools import ensure

Program = Callable[[], None]

# Many engines follow one another in a test's process, and one may be given the port of an earlier one. Channels of gRPC
# share what they know of an address, also that nobody answered there: then the program ends with "Resource monitor has
# terminated" before its first resource.
_grpc_settings._GRPC_CHANNEL_OPTIONS.append(("grpc.use_local_subchannel_pool", 1))  # pyright: ignore[reportPrivateUsage] - see above


def engine_in(
    folder: EngineFolder,
    chosen: plugins.Plugins,
    *,
    bundle: Path | None = None,
    docker_hosts: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> Callable[[Program], automation.Stack]:
    """Make what the engine needs in a folder; gives the folder's stack with any program.

    Args:
        folder: Where project, state and plugins are.
        chosen: Which plugins are the official ones.
        bundle: Certificate authorities to trust; the system's when None.
        docker_hosts: URL of the engine's socket by address of the Docker host.
        more: Variables of the engine besides.
    """
    for path in (folder.project, folder.state, folder.home, folder.run, folder.temporary):
        path.mkdir(parents=True, exist_ok=True)
    without_log(folder.home)
    plugins.write(folder, chosen, os.defpath)
    built = environment.build(folder, passphrase="of this trial only", bundle=bundle, docker_hosts=docker_hosts)
    command = EngineCommand(ensure("pulumi")["pulumi"], folder, built | dict(more or {}))
    project = automation.ProjectSettings("luxima", "python", main=str(folder.project))

    def stack(program: Program) -> automation.Stack:
        return BareStack(folder.stack, Workspace(folder, command, program, project), StackInitMode.SELECT)

    return stack


def changes(verb: Callable[..., object]) -> dict[str, int]:
    """Run a verb of a stack; how many resources it did what with."""
    found: dict[str, int] = {}

    def watch(event: automation.EngineEvent) -> None:
        if event.summary_event is not None:
            found.update({str(did): number for did, number in event.summary_event.resource_changes.items()})

    verb(on_event=watch, color="never")
    return found
