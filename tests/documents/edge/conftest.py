"""What the tests of routing documents share."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import Settings
from tests.unit.settings.stacks import Checkout


@pytest.fixture
def released(tmp_path: Path) -> Any:
    """The settings of stack prod with other releases, and edits."""

    def load(releases: dict[str, Any], **edits: Any) -> Settings:
        # The images' repository does not matter here; each service has its own.
        services = {
            name: yaml.load(yaml.safe_dump(release).replace("/aceh/any@", f"/aceh/{name}@"), yaml.CSafeLoader)
            for name, release in releases.items()
        }
        return Checkout(tmp_path, "prod").load({"releases.services": services, **edits})

    return load
