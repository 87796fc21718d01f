"""`provisioning/dashboards/luxima.yaml`: where Grafana takes the dashboards from; they are changed in code only."""

from typing import Final

from components.text import to_yaml

DASHBOARDS_PATH: Final = "/etc/grafana/dashboards"
"""Where the dashboards' files are mounted."""


def document() -> str:
    """The file's text."""
    provider = {
        "name": "luxima",
        "orgId": 1,
        "folder": "Luxima",
        "folderUid": "luxima",
        "type": "file",
        "disableDeletion": True,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 60,
        "options": {"path": DASHBOARDS_PATH, "foldersFromFilesStructure": False},
    }
    return to_yaml({"apiVersion": 1, "providers": [provider]})
