"""What is said when the engine cannot begin: a real one, on a state in a folder."""

import os
import subprocess
from pathlib import Path

import pytest

from release.errors import ReleaseError
from release.pulumi_engine.stack import PulumiEngine
from tools import ensure

pytestmark = pytest.mark.needs_tools


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack with a secret in its configuration, and its state beside it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "state").mkdir()
    (folder / "Pulumi.yaml").write_text("name: luxima\nruntime: python\n", encoding="utf-8")
    program = ensure("pulumi")["pulumi"]
    environment = {"PATH": str(program.parent), "HOME": str(folder), "PULUMI_CONFIG_PASSPHRASE": "right"}
    environment |= {"PULUMI_BACKEND_URL": f"file://{folder}/state", "PULUMI_SKIP_UPDATE_CHECK": "true"}
    for words, given in ((("stack", "init", "dev"), None), (("config", "set", "--secret", "luxima:word"), "secret")):
        subprocess.run([program, *words], cwd=folder, env=environment, input=given, text=True, check=True)
    return folder


@pytest.mark.parametrize(
    ("stack", "changed", "said"),
    [
        ("dev", {"PULUMI_CONFIG_PASSPHRASE": "wrong"}, "PULUMI_CONFIG_PASSPHRASE is not the passphrase of stack dev"),
        ("dev", {"PULUMI_CONFIG_PASSPHRASE": None}, "PULUMI_CONFIG_PASSPHRASE is not set; set it, or"),
        ("dev", {"PULUMI_BACKEND_URL": None}, "Pulumi is not logged in; run `pulumi login URL` with the backend of"),
        ("prod", {}, "the Pulumi backend has no stack prod; `pulumi whoami --verbose` says which backend it is"),
    ],
)
def test_an_engine_that_cannot_begin_says_what_to_set(
    stack: str, changed: dict[str, str | None], said: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"PULUMI_BACKEND_URL": f"file://{project}/state", "PULUMI_CONFIG_PASSPHRASE": "right", **changed}
    given["PATH"] = f"{ensure('pulumi')['pulumi'].parent}:{os.environ['PATH']}"
    given |= {"HOME": str(project), "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_HOME": None}
    for name, value in given.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(ReleaseError, match=f"^{said}"):
        PulumiEngine(project, project, stack, project / "log").configuration()
