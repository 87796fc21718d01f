"""The checkout's own `__main__.py` as the engine's inline program."""

import runpy
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from pulumi import RunError

from sandbox.layout import ROOT, relative
from settings import SettingsError


def program(log: Path, root: Path = ROOT) -> Callable[[], None]:
    """A function that runs the program as the official language host would.

    Args:
        log: Takes the traceback of an error that nobody foresaw.
        root: The checkout.
    """

    def run() -> None:
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        try:
            runpy.run_path(str(root / "__main__.py"), run_name="__main__")
        except SettingsError as error:
            raise RunError(str(error)) from None
        except RunError:
            raise
        except Exception as error:  # noqa: BLE001 - however the program fails, a person gets one sentence
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(traceback.format_exc(), encoding="utf-8")
            raise RunError(
                f"the program failed{_where(error, root)}: {type(error).__name__}: {error} "
                f"(the whole traceback is in {relative(log)})"
            ) from None

    return run


def _where(error: Exception, root: Path) -> str:
    """The innermost line of this checkout that the error came through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(root) and ".venv" not in path.parts and "sandbox" not in path.parts:
            return f" in {path.relative_to(root)} line {frame.lineno}"
    return ""
