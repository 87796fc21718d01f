"""The checkout's own `__main__.py` as the engine's inline program, over the release file that is proposed.

`__main__.py` reads the stack's files beside itself. So a copy of it in a temporary folder, with those and the
proposed release file, is the very same program one release later: nothing of the checkout has to be written to preview.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

from automation.program import run
from settings.report import OWN_FILES, RELEASES, SERVICES, file_name
from settings.team_files import FOLDER as TEAMS


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
        for area in OWN_FILES:
            (folder / area).mkdir()
        for file in ("__main__.py", file_name(None, stack), file_name(SERVICES, stack)):
            shutil.copyfile(root / file, folder / file)
        if (root / TEAMS).is_dir():
            shutil.copytree(root / TEAMS, folder / TEAMS)
        (folder / file_name(RELEASES, stack)).write_text(text, encoding="utf-8")
        yield lambda: run(folder / "__main__.py", root, log)
