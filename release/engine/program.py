"""The checkout's own `__main__.py` as the engine's inline program, over the release file that is proposed.

`__main__.py` reads the release file beside itself. So a copy of it in a temporary folder, with the stack file and the
proposed release file, is the very same program one release later: nothing of the checkout has to be written to preview.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

from engine.program import run


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
        yield lambda: run(folder / "__main__.py", root, log)
