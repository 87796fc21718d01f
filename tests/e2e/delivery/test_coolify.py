"""An application in Coolify by the real engine: made once, drift found and put right, no secret anywhere, and gone."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.servers.coolify_api import Coolify, Fault
from sandbox.servers.coolify_http import serve
from tests.e2e.delivery.coolify_trial import SECRET, TOKEN, WEBHOOK

ROOT = Path(__file__).resolve().parents[3]

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]


class Trial:
    """A folder with a stack, and the Coolify that it is about."""

    def __init__(self, folder: Path, coolify: Coolify, endpoint: str) -> None:
        self.folder, self.coolify, self.endpoint = folder, coolify, endpoint
        self.said = ""

    def run(self, verb: str, **edits: Any) -> str:
        """Run the engine once; what it did, such as `3 created`."""
        properties = {
            "stack": "staging",
            "environment": "staging",
            "server": "localhost",
            "name": "storefront",
            "repository": "git@github.com:luxima/storefront.git",
            "branch": "staging",
            "deployKey": self.coolify.key,
            "port": 3000,
            "healthPath": "/healthz",
            "domains": ["https://tools.staging.luxima.id"],
            "autoDeploy": True,
            "postDeployment": 'python -m release deploy storefront --stack staging --image "$RELEASE_IMAGE"',
            "memoryMib": 256,
            "variables": {"LEVEL": "info"},
            **edits,
        }
        given = {"endpoint": self.endpoint, "properties": properties}
        (self.folder / "declared.json").write_text(json.dumps(given), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "tests.e2e.delivery.coolify_trial", str(self.folder), verb],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        self.said += said
        failed = "failed " if done.returncode else ""
        return failed + " ".join(re.findall(r"[+~-] (\d+ (?:created|updated|deleted|replaced))", said))


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    coolify = Coolify({TOKEN: {"read", "write"}})
    server = serve(coolify)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Trial(tmp_path, coolify, f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_application_lives_from_its_first_up_to_its_end(trial: Trial) -> None:
    coolify = trial.coolify
    # The first run is cut short: Coolify made the application, and its answer was lost.
    coolify.faults.append(Fault("POST", "/applications/private-deploy-key", 500, done=True))
    assert trial.run("up").startswith("failed ")
    assert "run again, and it is found by its name" in trial.said
    (id_,) = coolify.applications
    assert trial.run("up") == "1 created"
    assert list(coolify.applications) == [id_]
    before = len(coolify.calls)
    assert trial.run("up") == ""
    # Nothing is asked where nothing is declared anew.
    assert len(coolify.calls) == before
    coolify.change(id_, {"key": "DATABASE_PASSWORD", "value": "by hand"})
    coolify.applications[id_]["git_branch"] = "other"
    assert trial.run("mend") == "1 updated"
    assert coolify.applications[id_]["git_branch"] == "staging"
    assert {each["key"]: each["value"] for each in coolify.variables[id_] if not each["is_preview"]} == {
        "LEVEL": "info",
        "DATABASE_PASSWORD": SECRET,
    }
    assert trial.run("up", memoryMib=512) == "1 updated"
    assert trial.run("mend", memoryMib=512) == ""
    state = "".join(
        file.read_text(encoding="utf-8", errors="replace")
        for file in trial.folder.rglob("*.json*")
        if file.is_file() and "home" not in file.relative_to(trial.folder).parts
    )
    assert "git@github.com:luxima/storefront.git" in state
    for planted in (SECRET, WEBHOOK, TOKEN):
        assert planted not in state
        assert planted not in trial.said
    assert "deleted" in trial.run("destroy")
    assert coolify.applications == coolify.projects == {}
