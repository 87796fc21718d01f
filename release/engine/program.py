"""The checkout's own `__main__.py` as the engine's inline program, over the release file that is proposed.

`__main__.py` reads the release file beside itself. So a copy of it in a temporary folder, with the stack file and the
proposed release file, is the very same program one release later: nothing of the checkout has to be written to preview.
"""

import contextlib
import runpy
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Generator
from pathlib import Path

from pulumi import RunError

from settings import SettingsError


@contextlib.contextmanager
def program(root: Path, stack: str, text: str, log: Path) -> Generator[Callable[[], None]]:
    """A function that runs the program as the official language host would.

    Args:
        root: The checkout.
        stack: Name of the stack.
        text: The release file.
        log: Takes the traceback of an error that nobody foresaw.
    """
    with tempfile.TemporaryDirectory(prefix="luxima-release-") as name:
        folder = Path(name)
        for file in ("__main__.py", f"Pulumi.{stack}.yaml"):
            shutil.copyfile(root / file, folder / file)
        (folder / "releases").mkdir()
        (folder / "releases" / f"{stack}.yaml").write_text(text, encoding="utf-8")
        yield lambda: _run(root, folder, log)


def _run(root: Path, folder: Path, log: Path) -> None:
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        runpy.run_path(str(folder / "__main__.py"), run_name="__main__")
    except SettingsError as error:
        raise RunError(str(error)) from None
    except RunError:
        raise
    except Exception as error:  # noqa: BLE001 - however the program fails, a person gets one sentence
        log.write_text(traceback.format_exc(), encoding="utf-8")
        raise RunError(
            f"the program failed: {type(error).__name__}: {error} (the whole traceback is in {log})"
        ) from None
