"""What every verb takes: the stack, where its project is, who asks; and how a verb is stopped."""

import functools
import getpass
import inspect
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, Concatenate, ParamSpec

import typer
from rich.console import Console

from automation.program import warm
from components.dns_update import DnsError
from release import errors
from release.connections import ROOT, Connections, Options, read_addresses, require_service

CONSOLE = Console()

P = ParamSpec("P")


def say(sentence: str) -> None:
    """A line for the operator."""
    CONSOLE.print(sentence, highlight=False, markup=False, soft_wrap=True)


def common(
    stack: Annotated[str, typer.Option("--stack", envvar="LUXIMA_STACK", help="Name of the stack")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change in file and engine; touch nothing")
    ] = False,
    project: Annotated[
        Path, typer.Option("--project", envvar="LUXIMA_PROJECT", help="Folder with Pulumi.yaml and the stack file")
    ] = ROOT,
    no_commit: Annotated[
        bool, typer.Option("--no-commit", envvar="LUXIMA_NO_COMMIT", help="Do not commit the release file")
    ] = False,
    push: Annotated[
        bool, typer.Option("--push", envvar="LUXIMA_PUSH", help="Push the release file before the stack is changed")
    ] = False,
    who: Annotated[
        str | None, typer.Option("--who", envvar="LUXIMA_WHO", help="Name in the audit; user@host by default")
    ] = None,
    addresses: Annotated[
        Path | None,
        typer.Option("--addresses", envvar="LUXIMA_ADDRESSES", help="JSON file: addresses to ask in place of others"),
    ] = None,
    ca_bundle: Annotated[
        str | None, typer.Option("--ca-bundle", envvar="LUXIMA_CA_BUNDLE", help="File with the authorities to trust")
    ] = None,
    timeout: Annotated[
        float,
        typer.Option("--timeout", envvar="LUXIMA_TIMEOUT", help="Seconds that gateways have to load a routing"),
    ] = 180,
    loopback_only: Annotated[
        bool, typer.Option("--loopback-only", envvar="LUXIMA_LOOPBACK_ONLY", help="Ask nobody beyond this machine")
    ] = False,
    typed_as: Annotated[
        str, typer.Option("--typed-as", envvar="LUXIMA_TYPED_AS", hidden=True, help="How a verb of this tool is typed")
    ] = Options.typed_as,
) -> Options:
    """The options that every verb has."""
    return Options(
        stack=stack,
        who=who or f"{getpass.getuser()}@{socket.gethostname()}",
        project=project.resolve(),
        addresses=read_addresses(addresses),
        authorities=ca_bundle,
        commits=not no_commit,
        pushes=push,
        dry_run=dry_run,
        timeout_seconds=timeout,
        loopback_only=loopback_only,
        typed_as=typed_as,
    )


def verb(
    app: typer.Typer, name: str, *, engine_first: bool = False
) -> Callable[[Callable[Concatenate[Connections, P], int]], Callable[..., None]]:
    """A command with the verb's own parameters and the common ones; the verb is given the connections.

    Args:
        app: The commands.
        name: As it is typed.
        engine_first: Whether nothing is done before the engine has said what would change.
    """

    def decorate(function: Callable[Concatenate[Connections, P], int]) -> Callable[..., None]:
        shared = inspect.signature(common).parameters
        own = list(inspect.signature(function).parameters.values())[1:]

        @functools.wraps(function)
        def run(**given: Any) -> None:
            options = common(**{key: given.pop(key) for key in shared})
            require_service(options, given.get("service"))
            if engine_first:
                warm()
            try:
                connections = Connections(options, lambda sentence: say(options.typed(sentence)))
                code = function(connections, **given)  # pyright: ignore[reportCallIssue] - typer gives what the signature says
            except (errors.ReleaseError, DnsError) as error:
                raise type(error)(options.typed(str(error))) from error
            if code:
                raise typer.Exit(code)

        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *shared.values())]
        # Arguments first, as the signature is read in its order.
        vars(run)["__signature__"] = inspect.Signature(parameters, return_annotation=None)
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        vars(run).pop("__wrapped__", None)
        return app.command(name)(run)

    return decorate


def catch(act: Callable[[], Any]) -> None:
    """Have Ctrl-C, SIGTERM and the end of the terminal do this."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        act()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handle)


def stoppable(connections: Connections) -> None:
    """A running engine finishes what is under way; everything else stops at once."""

    def stop() -> None:
        if not connections.engine.interrupt():
            raise errors.Interrupted("stopped")
        sys.stderr.write("stopping after the operations in progress\n")

    catch(stop)
