"""The command line."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sandbox import images, interrupts
from sandbox.faults import Interrupted, SandboxError
from sandbox.layout import Layout
from sandbox.report.console import fault, say
from settings import SettingsError
from tools import ToolError

_INTERRUPTED = 130
_AT_END = ("up", "destroy")
"""Verbs that write the state after each step."""


def main(arguments: Sequence[str]) -> int:
    """Run a verb; gives the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    signals = interrupts.Interrupts(options.verb)
    signals.install()
    try:
        return _run(options, signals)
    except Interrupted as stopped:
        say(str(stopped))
        return _INTERRUPTED
    except SettingsError as error:
        say(str(error))
        return 1
    except (SandboxError, ToolError) as error:
        if signals.asked:
            say(str(Interrupted(options.verb)))
            return _INTERRUPTED
        for line in str(error).splitlines():
            (say if line.startswith("    ") else fault)(line)
        return 1


def _run(options: argparse.Namespace, signals: interrupts.Interrupts) -> int:
    verb, stack = str(options.verb), options.stack
    Layout(stack or "dev").require_owner()
    if stack or verb not in {"down", "clean"}:
        Layout(stack or "dev").require_stack()
    if verb in {"down", "clean"}:
        from sandbox.verbs import down

        stacks = [stack] if stack else Layout("dev").used_stacks()
        (down.run_down if verb == "down" else down.run_clean)(stacks)
        return 0
    layout = Layout(stack or "dev")
    if verb == "status":
        from sandbox.verbs import status

        status.run(layout)
        return 0
    if verb == "shell":
        from sandbox.verbs import shell

        shell.run(layout, options.arguments)
        return 0
    if verb == "backup":
        from sandbox.verbs import backup

        return backup.run(layout, options.arguments)
    if verb == "preview":
        from sandbox.verbs import preview

        return preview.run(layout, signals, as_json=options.format == "json")
    if verb == "up" and options.images is not None:
        layout.prepare()
        images.keep_behaviour(layout.images, options.images)
    if verb == "release" and "--help" in options.arguments:
        from sandbox.verbs import release

        return release.show_help(options.arguments)
    arguments = _arguments(options.arguments, layout.stack) if verb == "release" else []
    return _hold(layout, verb, signals, arguments, state_at_end=verb in _AT_END and options.state_at_end)


def _arguments(given: list[str], stack: str) -> list[str]:
    """What the release tool is asked; the stack is said once, to the sandbox."""
    for argument in given:
        if argument.partition("=")[0] == "--stack":
            raise SandboxError(
                f"--stack is among the release tool's arguments; this is stack {stack}: give STACK=… to make, or "
                "--stack before --"
            )
    if not given:
        raise SandboxError(
            'give what the release tool is to do: make release ARGS="status storefront"; ARGS=--help lists it'
        )
    return given


def _hold(
    layout: Layout, verb: str, signals: interrupts.Interrupts, arguments: Sequence[str], *, state_at_end: bool
) -> int:
    """Run a verb that changes the stack: only one at a time, and after what a killed run left is cleared."""
    from sandbox.engine import orphans
    from sandbox.lock import exclusive
    from sandbox.verbs import destroy, refresh, release, up
    from sandbox.verbs.session import check_settings

    _, settings = check_settings(layout)
    if verb == "release":
        release.require(layout, settings, arguments)
    layout.prepare()
    runs: dict[str, Callable[[Layout, interrupts.Interrupts], None]] = {
        "up": partial(up.run, state_at_end=state_at_end),
        "refresh": refresh.run,
        "destroy": partial(destroy.run, state_at_end=state_at_end),
    }
    with exclusive(layout, verb):
        for sentence in orphans.clear(layout.engine):
            say(sentence)
        if verb == "release":
            return release.run(layout, signals, arguments)
        runs[verb](layout, signals)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The platform on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    texts = {
        "up": "start the servers and bring the stack up",
        "preview": "show what would be made, without any server or secret",
        "refresh": "list in what the world differs from the state, and take it in",
        "destroy": "remove everything that the stack made",
        "release": "run the release tool (python -m release) against the servers",
        "backup": "ask the containers that make backups, or restore something",
        "shell": "run a command, or a shell, inside the stack's own network",
        "down": "stop the servers of a stack, or of all; data stays",
        "status": "show the servers and the number of resources",
        "clean": "stop the servers of a stack, or of all, and remove everything",
    }
    for verb, text in texts.items():
        command = verbs.add_parser(verb, help=text, description=text)
        command.add_argument(
            "--stack", help="name of a stack" + ("; all of them" if verb in {"down", "clean"} else " (dev)")
        )
        if verb == "release":
            command.add_argument("arguments", nargs="*", help="verb and options of the tool, after --")
        if verb == "backup":
            command.add_argument("arguments", nargs="+", help="status, run, or restore and what, after --")
        if verb == "shell":
            command.add_argument("arguments", nargs="*", help="the command, after --")
        if verb == "up":
            command.add_argument(
                "--images",
                type=Path,
                metavar="FILE.json",
                help="environment of images of services, by their name: how each is to behave on a real node",
            )
        if verb in _AT_END:
            command.add_argument(
                "--state-at-end",
                action="store_true",
                help="write the state once, which takes less time; if the run is killed, nobody knows what was made: "
                "for stacks that are thrown away",
            )
        if verb == "preview":
            command.add_argument("--format", choices=["text", "json"], default="text")
    return parser
