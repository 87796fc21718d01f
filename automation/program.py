"""The checkout's own `__main__.py` as the engine's inline program."""

import importlib
import runpy
import sys
import traceback
from pathlib import Path
from threading import Thread

from pulumi import RunError
from pulumi import log as engine_log
from pulumi.runtime import resource as sdk
from pulumi.runtime.proto import source_pb2

from settings import SettingsError

_PROGRAM = frozenset({"__main__.py", "components", "settings", "versions"})
"""What of the checkout the program consists of."""


def run(main: Path, root: Path, log: Path) -> None:
    """Run the program as the official language host would.

    Args:
        main: The program, `__main__.py` of the checkout or a copy of it.
        root: The checkout, whose packages it uses.
        log: Takes the traceback of an error that nobody foresaw.

    Raises:
        RunError: However it fails: one sentence for a person.
    """
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    engine_log.debug = _unheard
    sdk._get_stack_trace = _nowhere  # pyright: ignore[reportPrivateUsage] - the SDK offers no other way
    try:
        runpy.run_path(str(main), run_name="__main__")
    except SettingsError as error:
        raise RunError(str(error)) from None
    except RunError:
        raise
    except Exception as error:  # noqa: BLE001 - however the program fails, a person gets one sentence
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(traceback.format_exc(), encoding="utf-8")
        raise RunError(
            f"the program failed{_where(error, root)}: {type(error).__name__}: {error} "
            f"(the whole traceback is in {_shown(log)})"
        ) from None


def warm() -> None:
    """Begin to import what the program imports, which takes seconds; whoever needs it meanwhile waits for it."""
    Thread(target=importlib.import_module, args=("components.platform",), daemon=True).start()


def _nowhere() -> source_pb2.StackTrace:
    """In the place of the lines that a resource was declared in: to find them is a fourth of the program's time."""
    return source_pb2.StackTrace()


def _unheard(*_message: object, **_about: object) -> None:
    """In the place of the SDK's debug messages: each is a call of the engine, which drops it."""


def _where(error: Exception, root: Path) -> str:
    """The innermost line of the checkout that the error came through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(root) and not {".venv", "engine", "release", "sandbox"} & {
            *path.relative_to(root).parts
        }:
            return f" in {path.relative_to(root)} line {frame.lineno}"
    return ""


def _shown(log: Path) -> Path:
    """As a person finds it from where they are."""
    here = Path.cwd()
    return log.relative_to(here) if log.is_relative_to(here) else log
