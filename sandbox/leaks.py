"""Look for secrets where none may be: plain, as base64 and as part of a URL; in files and in command lines.

`python -m sandbox.leaks --stack dev` looks through the state, its backups, the logs and the previews of a stack.
"""

import argparse
import base64
import contextlib
import json
import os
import re
import sys
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from automation.marks import SIGNATURE
from sandbox import credentials, overlay, procfs, sealing
from sandbox.engine import state
from sandbox.layout import Layout
from sandbox.report.console import fault, tell

_SHORTEST = 8
"""Shorter texts are found everywhere by chance."""

_WORD = re.compile(r"[A-Za-z0-9+/=_-]{40,}")
_GENERATED = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9]).{16,}", re.DOTALL)
"""What a generated secret looks like; a secret connection also has host and user names, which are none."""

_BETWEEN_WORDS = re.compile(rb"""[\s"'\\,;<>()\[\]{}]+""")

_PUBLIC = re.compile(r"ACCESS_KEY_ID=|=urn:pulumi:|=ssh-ed25519 |=-----BEGIN CERTIFICATE-----")
"""Names and values within secret objects that are no secrets by themselves."""


@dataclass(frozen=True)
class Leak:
    """A secret that was found."""

    place: str
    secret: str
    """Its name, never its value."""
    form: str

    def __str__(self) -> str:
        return f"{self.place}: {self.secret} ({self.form})"


def forms(value: str) -> dict[bytes, str]:
    """What a secret looks like in a file, and how it was changed."""
    found: dict[bytes, str] = {}
    # A text of many lines, such as a key or a kubeconfig, is recognised by any long word in it.
    words = _WORD.findall(value) if "\n" in value.strip() else []
    for text in dict.fromkeys([value, *words]):
        if len(text) < _SHORTEST:
            continue
        found.setdefault(text.encode(), "plain")
        found.setdefault(json.dumps(text)[1:-1].encode(), "JSON")
        found.setdefault(urllib.parse.quote(text, safe="").encode(), "URL-encoded")
        found.setdefault(urllib.parse.quote_plus(text).encode(), "URL-encoded")
        for piece in _base64(text.encode()):
            found.setdefault(piece, "base64")
    return found


def _base64(value: bytes) -> Iterable[bytes]:
    """The part that every base64 text with the value in it has, wherever in the text the value begins."""
    for before in range(3):
        padded = bytes(before) + value
        whole = len(padded) - len(padded) % 3
        # The first characters carry bits of what stands before, those at the end bits of what follows.
        for encoded in (base64.b64encode(padded[:whole]), base64.urlsafe_b64encode(padded[:whole])):
            piece = encoded[4 if before else 0 :]
            if len(piece) >= _SHORTEST:
                yield piece


class Search:
    """Looks for these secrets; what was looked at and is clean is not looked at again."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Prepare it.

        Args:
            secrets: Values by name.
        """
        # A state has a key in many places: it is looked for once, under the first of its names.
        known: dict[bytes, tuple[str, str]] = {}
        for name, value in secrets.items():
            for piece, form in forms(value).items():
                known.setdefault(piece, (name, form))
        pieces = [(piece, name, form) for piece, (name, form) in known.items()]
        self._across = [each for each in pieces if b"\n" in each[0]]
        self._in_words = [each for each in pieces if not _BETWEEN_WORDS.search(each[0])]
        self._in_lines = [each for each in pieces if _BETWEEN_WORDS.search(each[0])]
        self._clean: set[bytes] = set()

    def in_bytes(self, place: str, content: bytes) -> list[Leak]:
        """The secrets in a text."""
        # A state's history and a log are the same lines and words a thousand times: each is looked at once.
        lines = set(content.split(b"\n")) - self._clean
        words = set(_BETWEEN_WORDS.split(b"\n".join(lines))) - self._clean
        looked_for = (
            (content, self._across),
            (b"\n".join(lines), self._in_lines),
            (b"\n".join(words), self._in_words),
        )
        # Of most command lines nothing is new.
        found = {
            Leak(place, name, form)
            for text, pieces in looked_for
            if text
            for piece, name, form in pieces
            if piece in text
        }
        if not found:
            self._clean |= lines | words
        return sorted(found, key=str)

    def in_folder(self, folder: Path, ignored: Iterable[Path] = ()) -> list[Leak]:
        """The secrets in the files of a folder and all below it.

        Args:
            folder: Where to look.
            ignored: Files and folders that may have them.
        """
        skipped, found = list(ignored), list[Leak]()
        for path in sorted(Path(top, name) for top, _, names in os.walk(folder) for name in names):
            if path.is_symlink() or not path.is_file() or any(path.is_relative_to(skip) for skip in skipped):
                continue
            # A running server removes its own temporary files.
            with contextlib.suppress(FileNotFoundError):
                found += self.in_bytes(str(path), path.read_bytes())
        return found

    def in_processes(self) -> list[Leak]:
        """The secrets in the command lines of all running processes."""
        found: list[Leak] = []
        for pid in procfs.processes():
            with contextlib.suppress(OSError):
                content = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                found += self.in_bytes(f"command line of pid {pid}", content)
        return found


def secrets_of(layout: Layout) -> dict[str, str]:
    """The secrets that the sandbox made for a stack, and the secret halves of its Proxmox tokens."""
    made = credentials.load_or_make(layout.secrets).values
    derived = {
        "proxmox_api_token_secret": made["proxmoxApiToken"].partition("=")[2],
        "proxmox_metrics_token_secret": made["proxmoxMetricsToken"].partition("=")[2],
        # The end of the token, which is all of it that is a secret: its signature.
        "minio_metrics_signature": credentials.metrics_token(
            overlay.storage_root_user(overlay.read_config(layout)), made["minioRootPassword"]
        ).rpartition(".")[2],
    }
    return {**made, **derived}


def secrets_in_state(layout: Layout) -> dict[str, str]:
    """The secrets in a stack's state, decrypted: generated passwords, tokens and keys as well.

    Names are those of the properties they belong to.
    """
    salt = overlay.previous_salt(layout.engine)
    if salt is None:
        return {}
    seal = sealing.reuse(credentials.load_or_make(layout.secrets).passphrase, salt)
    found: dict[str, str] = {}
    for resource in state.read(layout.engine).resources:
        name = str(resource["urn"]).rpartition("::")[2]
        for part in ("inputs", "outputs"):
            found.update(_leaves(f"{name}.{part}", resource.get(part), seal, secret=False))
    return found


def _leaves(name: str, value: Any, seal: sealing.Seal, *, secret: bool) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        mapping = cast("dict[str, Any]", value)
        if SIGNATURE in mapping:
            text = str(mapping["ciphertext"])
            # A secret within a secret is not encrypted a second time.
            yield from _leaves(name, json.loads(text if secret else seal.open(text)), seal, secret=True)
            return
        for key, inner in mapping.items():
            yield from _leaves(f"{name}.{key}", inner, seal, secret=secret)
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from _leaves(f"{name}[{index}]", inner, seal, secret=secret)
    elif secret and isinstance(value, str) and _GENERATED.fullmatch(value) and not _PUBLIC.search(f"{name}={value}"):
        yield name, value


def main(arguments: list[str]) -> int:
    """Look through a stack's sandbox; gives the exit code: 1 when a secret was found."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.leaks")
    parser.add_argument("--stack", default="dev")
    layout = Layout(parser.parse_args(arguments).stack)
    secrets = {**secrets_in_state(layout), **secrets_of(layout)}
    search = Search(secrets)
    found = search.in_processes()
    for folder in (layout.engine.state, layout.engine.home, layout.engine.project, layout.logs, layout.preview.base):
        found += search.in_folder(folder)
    for leak in found:
        fault(str(leak))
    if not found:
        tell(f"stack {layout.stack}: no secret found in state, logs, previews or command lines")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
