"""However the program fails, a person gets one sentence, and the traceback is kept."""

import subprocess
import sys
from pathlib import Path

import pytest
from pulumi import RunError
from pulumi.automation.errors import CommandError

from automation import program
from automation.output import Output


def failure(root: Path, body: str) -> str:
    main = root / "__main__.py"
    main.write_text(body, encoding="utf-8")
    with pytest.raises(RunError) as caught:
        program.run(main, root, root / "logs" / "program.log")
    return str(caught.value)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_error_that_nobody_foresaw_is_said_with_its_line_and_kept_whole(root: Path) -> None:
    said = failure(root, "x = 1\nraise ValueError('boom')\n")
    assert said == (
        "the program failed in __main__.py line 2: ValueError: boom (the whole traceback is in logs/program.log)"
    )
    assert "Traceback" in (root / "logs" / "program.log").read_text(encoding="utf-8")


def test_what_is_a_sentence_already_stays_one(root: Path) -> None:
    assert failure(root, "import pulumi\nraise pulumi.RunError('no such zone')\n") == "no such zone"
    error = "from settings import SettingsError\nfrom settings.report import Problem\n"
    said = failure(root, error + "raise SettingsError('dev', [Problem(('dns', 'servers'), 'is empty')])\n")
    assert "luxima:dns.servers" in said
    assert not (root / "logs").exists()


def engine(*lines: str, code: int) -> "subprocess.Popen[str]":
    text = "import sys\n" + "".join(f"print({line!r}, file=sys.stderr)\n" for line in lines) + "print('out')\n"
    command = [sys.executable, "-c", f"{text}sys.exit({code})"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_all_lines_are_handed_on_and_kept() -> None:
    seen: list[str] = []
    with engine("one", "two", code=0) as child:
        output = Output(child, on_error=seen.append)
        child.wait()
        result = output.result()
    assert (result.stdout, result.stderr, seen) == ("out", "one\ntwo", ["one", "two"])


def test_an_engine_that_fails_is_an_error_with_its_words() -> None:
    with engine("no such stack", code=3) as child:
        output = Output(child)
        child.wait()
        with pytest.raises(CommandError, match="no such stack"):
            output.result()
