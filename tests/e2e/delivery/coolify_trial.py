"""`python -m tests.e2e.delivery.coolify_trial FOLDER VERB` declares an application in Coolify by the real engine.

FOLDER has `declared.json`: the URL of the API, and the properties of the application. Prints what the engine prints.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi import automation

from components.delivery.coolify.applications import Application, Environment, Project
from sandbox.layout import EngineFolder
from tests.e2e.policy_trial import stack_in

TOKEN, SECRET, WEBHOOK = "1|planted-token", "planted-database-password", "planted-webhook-secret"


def declare(endpoint: str, properties: dict[str, Any]) -> None:
    """One project, one environment, one application."""
    nothing = pulumi.ResourceOptions()
    project = Project("project", {"endpoint": endpoint, "name": "luxima-staging", "stack": "staging"}, nothing)
    place = Environment("staging", {"endpoint": endpoint, "project": project.id, "name": "staging"}, nothing)
    hidden = {"secrets": {"DATABASE_PASSWORD": SECRET}, "webhookSecret": WEBHOOK}
    made = {key: pulumi.Output.secret(value) for key, value in hidden.items()}
    given = {"endpoint": endpoint, "project": project.id, **properties, **made}
    Application("storefront", given, pulumi.ResourceOptions(depends_on=[place]))


def main() -> int:
    base, verb = Path(sys.argv[1]), sys.argv[2]
    given = json.loads((base / "declared.json").read_text(encoding="utf-8"))
    folder = EngineFolder(base, "staging")
    first = not folder.checkpoint.exists()
    stack = stack_in(folder, lambda: declare(given["endpoint"], given["properties"]))
    if first:
        stack.set_config("coolifyApiToken", automation.ConfigValue(TOKEN, secret=True))
    try:
        if verb == "destroy":
            stack.destroy(on_output=print, color="never")
        else:
            stack.up(refresh=verb == "mend", on_output=print, color="never")
    except automation.CommandError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
