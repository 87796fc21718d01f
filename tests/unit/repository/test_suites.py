"""The runner of suites: all of them run, and the verdict and the count are right."""

import os
import signal
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests import __main__ as runner
from tests.__main__ import Step

ROOT = Path(__file__).parents[3]
PYTEST = (sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no:cacheprovider")


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Suites of a test's own: failing and working checks, and three tests of which one fails."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    tests = tmp_path / "test_three.py"
    tests.write_text("def test_a(): pass\ndef test_b(): pass\ndef test_c(): raise ValueError\n")
    mark = f"import pathlib; pathlib.Path({str(tmp_path / 'mark')!r}).touch()"
    monkeypatch.setattr(
        runner,
        "SUITES",
        {
            "bad": (Step("refuses", (sys.executable, "-c", "raise SystemExit(3)")),),
            "three": (Step("three tests", (*PYTEST, str(tests)), counts_tests=True),),
            "none": (Step("no tests", (*PYTEST, "-k", "nothing", str(tests)), counts_tests=True),),
            "broken": (Step("broken", (*PYTEST, str(tmp_path / "missing")), counts_tests=True),),
            "good": (Step("marks", (sys.executable, "-c", mark)),),
        },
    )
    return tmp_path


def test_a_failure_stops_no_later_suite(suites: Path, capfd: pytest.CaptureFixture[str]) -> None:
    status = runner.run(["bad", "three", "good"])

    summary = capfd.readouterr().out.partition("── summary\n")[2].splitlines()
    assert status == 1
    assert (suites / "mark").exists()
    assert [line.split()[0] for line in summary] == ["FAILED", "FAILED", "ok", "2"]
    assert summary[-1] == "2 passed, 1 failed, 0 skipped"


@pytest.mark.parametrize(("suite", "verdict"), [("none", "EMPTY"), ("broken", "FAILED")])
@pytest.mark.usefixtures("suites")
def test_a_suite_without_tests_is_no_success(suite: str, verdict: str, capfd: pytest.CaptureFixture[str]) -> None:
    status = runner.run([suite])

    assert status == 1
    assert capfd.readouterr().out.splitlines()[-2].split()[0] == verdict


@pytest.mark.usefixtures("suites")
def test_success_is_success(capfd: pytest.CaptureFixture[str]) -> None:
    assert runner.run(["good"]) == 0
    assert capfd.readouterr().out.splitlines()[-1].split()[0] == "ok"


def test_an_interrupt_waits_for_what_was_started(tmp_path: Path) -> None:
    tests = tmp_path / "test_server.py"
    tests.write_text(
        "import pathlib, pytest, time\n"
        "folder = pathlib.Path(__file__).parent\n"
        "@pytest.fixture\n"
        "def server():\n"
        "    yield\n"
        "    time.sleep(1)\n"
        "    (folder / 'stopped').touch()\n"
        "def test_a(server):\n"
        "    (folder / 'started').touch()\n"
        "    while True:\n"
        "        time.sleep(0.1)\n"
    )
    step = f"Step('server', {(*PYTEST, '-s', str(tests))!r}, True)"
    code = (
        # What runs in the background of a shell inherits that it ignores interrupts.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"from tests import __main__ as r; from tests.__main__ import Step; r.SUITES = {{'s': ({step},)}}; r.run(['s'])"
    )
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, stderr=subprocess.PIPE
    ) as process:
        while not (tests.parent / "started").exists():
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()

    assert (tmp_path / "stopped").exists()


def test_a_test_that_hangs_fails_and_the_others_go_on(tmp_path: Path) -> None:
    """pytest-timeout can end the whole worker instead, after which xdist waits for ever."""
    tests = tmp_path / "test_hangs.py"
    tests.write_text(
        "import threading\ndef test_hangs():\n    threading.Event().wait()\ndef test_after_it():\n    pass\n"
    )
    command = [*PYTEST, "-c", str(ROOT / "pyproject.toml"), "-n", "2", "--timeout=5", "--dist=loadfile", str(tests)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=115, check=False)
    assert "1 failed, 1 passed" in done.stdout


def test_no_folder_of_tests_has_a_name_that_pytest_leaves_out(pytestconfig: pytest.Config) -> None:
    """A folder `build` or `dist` is not looked into, so its tests would never run and nothing would say so."""
    left_out = {
        folder.relative_to(ROOT).as_posix()
        for folder in (ROOT / "tests").rglob("*")
        if folder.is_dir() and any(fnmatch(folder.name, pattern) for pattern in pytestconfig.getini("norecursedirs"))
    }

    assert left_out == set()
