"""The virtual environment is made from the locked requirements, and only when they changed."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from tools.bootstrap import bootstrap


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Requirements that need no network."""
    file = tmp_path / "requirements-dev.txt"
    file.write_text("--no-index\n")
    monkeypatch.setattr("tools.bootstrap._REQUIREMENTS", file)
    return file


@pytest.mark.timeout(600)
def test_it_is_made_once_and_brought_up_to_date_in_place(
    requirements: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "venv"
    bootstrap(folder)
    python = folder / "bin" / "python"
    prefix = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert prefix.stdout.strip() == str(folder)
    assert "installing requirements-dev.txt into" in capfd.readouterr().err

    bootstrap(folder)
    assert capfd.readouterr().err == ""

    (folder / "kept").touch()
    requirements.write_text("--no-index\n# changed\n")
    bootstrap(folder)
    assert "installing" in capfd.readouterr().err
    assert (folder / "kept").exists()

    requirements.write_text("--no-index\nmissing==1.0 --hash=sha256:" + 64 * "0" + "\n")
    with pytest.raises(SystemExit, match=r"^error: pip could not install the requirements \(ERROR: .*missing==1\.0"):
        bootstrap(folder)
    requirements.write_text("--no-index\n# mended\n")
    bootstrap(folder)


def test_a_python_without_venv_and_pip_is_told_so(
    requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert requirements.exists()
    monkeypatch.setattr(importlib.util, "find_spec", Mock(return_value=None))

    with pytest.raises(SystemExit, match=r"^error: this Python has neither venv nor pip: install the package"):
        bootstrap(tmp_path / "venv")


def test_the_command_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; sys.path.insert(0, '.'); import tools.bootstrap; "
        "print(*{name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(done.stdout.split()) == {"__main__", "tools"}
