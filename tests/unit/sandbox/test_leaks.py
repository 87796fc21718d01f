import base64
import json
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import leaks

SECRET = "Tr0ub4dor&3/+=correct"
KEY = (
    "-----BEGIN KEY-----\n"
    + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz"
    + "\n-----END KEY-----\n"
)


@pytest.mark.parametrize(
    ("planted", "form"),
    [
        (SECRET, "plain"),
        (urllib.parse.quote(SECRET, safe=""), "URL-encoded"),
        (base64.b64encode(SECRET.encode()).decode(), "base64"),
        (base64.b64encode(f"a{SECRET}zz".encode()).decode(), "base64"),
        (base64.b64encode(f"ab{SECRET}".encode()).decode(), "base64"),
        (base64.urlsafe_b64encode(f"user:{SECRET}".encode()).decode(), "base64"),
    ],
)
def test_a_planted_leak_is_found(tmp_path: Path, planted: str, form: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text(f"request with {planted} sent")
    found = leaks.Search({"password": SECRET}).in_folder(tmp_path)
    assert form in {leak.form for leak in found}
    assert SECRET not in "".join(map(str, found))


@pytest.mark.parametrize("write", [str, json.dumps])
def test_a_secret_of_several_words_is_found(tmp_path: Path, write: Callable[[str], str]) -> None:
    secret = 'correct "horse", battery'
    (tmp_path / "log").write_text(f"with {write(secret)} sent")
    assert leaks.Search({"password": secret}).in_folder(tmp_path)


def test_what_was_clean_is_looked_at_for_what_is_new() -> None:
    search = leaks.Search({"password": SECRET})
    assert search.in_bytes("log", b"begin\nend") == []
    assert search.in_bytes("log", f"begin\n{SECRET}\nend".encode()) != []
    assert search.in_bytes("copy of the log", f"begin\n{SECRET}\nend".encode()) != []


def test_what_has_many_names_is_found_once() -> None:
    """A state has the same key in many resources; each piece of it is looked for once."""
    assert [
        leak.secret for leak in leaks.Search({"one": SECRET, "other": SECRET}).in_bytes("log", SECRET.encode())
    ] == ["one"]


def test_a_line_of_a_key_is_enough(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"key": KEY.splitlines()[1]}))
    assert leaks.Search({"ssh": KEY}).in_folder(tmp_path)


def test_clean_files_and_ignored_ones_are_fine(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("nothing; -----BEGIN KEY----- alone is no secret")
    (tmp_path / "secrets.json").write_text(SECRET)
    secrets = {"password": SECRET, "ssh": KEY}
    assert leaks.Search(secrets).in_folder(tmp_path, [tmp_path / "secrets.json"]) == []


def test_a_secret_in_a_command_line_is_found() -> None:
    command = [sys.executable, "-c", "print(flush=True); input()", f"--password={SECRET}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            places = [leak.place for leak in leaks.Search({"password": SECRET}).in_processes()]
        finally:
            child.kill()
    assert f"command line of pid {child.pid}" in places
