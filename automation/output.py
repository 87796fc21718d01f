"""What an engine says, line by line."""

import subprocess
from collections.abc import Callable
from threading import Thread
from typing import IO, Any

from pulumi.automation import CommandResult
from pulumi.automation.errors import create_command_error

OnOutput = Callable[[str], Any]

_LAST_WORDS_SECONDS = 5
"""A plugin that outlives the engine holds its end of the pipes: what it says is not waited for longer."""


class Output:
    """Reads both streams of an engine as they come."""

    def __init__(
        self, child: "subprocess.Popen[str]", on_output: OnOutput | None = None, on_error: OnOutput | None = None
    ) -> None:
        """Begin to read.

        Args:
            child: The engine, with both streams piped as text.
            on_output: Gets each line of standard output.
            on_error: Gets each line of standard error.
        """
        self._child = child
        self._said: list[str] = []
        self._errors: list[str] = []
        self._readers = [
            Thread(target=_read, args=(child.stdout, on_output, self._said), daemon=True),
            Thread(target=_read, args=(child.stderr, on_error, self._errors), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def result(self) -> CommandResult:
        """Everything that was said by an engine that has ended.

        Raises:
            CommandError: When it did not end with success; of the kind that the Automation API makes of its words.
        """
        for reader in self._readers:
            reader.join(timeout=_LAST_WORDS_SECONDS)
        result = CommandResult("\n".join(self._said), "\n".join(self._errors), self._child.returncode)
        if result.code != 0:
            raise create_command_error(result)
        return result


def _read(stream: IO[str] | None, callback: OnOutput | None, lines: list[str]) -> None:
    if stream is None:
        return
    for line in stream:
        text = line.rstrip()
        if callback:
            callback(text)
        lines.append(text)
