"""An application as the providers make it in a stand-in of Coolify, and time that passes only while somebody waits."""

from typing import Any

from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config

from components.delivery.coolify.provider import ApplicationProvider, EnvironmentProvider, ProjectProvider
from sandbox.servers.coolify_api import Coolify

TOKEN, READER, SECRET = "1|planted-token", "2|planted-reader", "planted-database-password"
Props = dict[str, Any]
Providers = tuple[ProjectProvider, EnvironmentProvider, ApplicationProvider]


class Clock:
    """Time that passes while somebody waits, and not otherwise."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(seconds)


def providers(token: str = TOKEN) -> Providers:
    made = ProjectProvider(), EnvironmentProvider(), ApplicationProvider()
    for each in made:
        each.configure(ConfigureRequest(Config({"luxima:coolifyApiToken": token}, "luxima")))
    return made


def project(endpoint: str) -> dict[str, Any]:
    return {"endpoint": endpoint, "name": "luxima-staging", "stack": "staging"}


def application(endpoint: str, coolify: Coolify, project: str, **edits: Any) -> dict[str, Any]:
    props = {
        "endpoint": endpoint,
        "stack": "staging",
        "project": project,
        "environment": "staging",
        "server": "localhost",
        "name": "storefront",
        "repository": "git@github.com:luxima/storefront.git",
        "branch": "staging",
        "deployKey": coolify.key,
        "port": 3000,
        "healthPath": "/healthz",
        "domains": ["https://tools.staging.luxima.id"],
        "autoDeploy": True,
        "postDeployment": "python -m release deploy storefront --stack staging --image $RELEASE_IMAGE",
        "memoryMib": 256,
        "variables": {"NODE_ENV": "production"},
        "secrets": {"DATABASE_PASSWORD": SECRET},
        "webhookSecret": "planted-webhook",
        "takenOver": None,
    }
    return {**props, **edits}


class Made:
    """A project with an environment and one application."""

    def __init__(self, endpoint: str, coolify: Coolify, **edits: Any) -> None:
        self.endpoint, self.coolify = endpoint, coolify
        self.projects, self.environments, self.applications = providers()
        self.project = self.projects.create(project(endpoint)).id
        place = {"endpoint": endpoint, "project": self.project, "name": "staging"}
        self.environment = self.environments.create(place)
        self.wanted = application(endpoint, coolify, self.project, **edits)
        created = self.applications.create(self.wanted)
        self.id = created.id
        self.state: Props = created.outs or Props()

    def refresh(self) -> dict[str, Any]:
        """The state after a look."""
        self.state = self.applications.read(self.id, self.state).outs or Props()
        return self.state

    def differs(self, **edits: Any) -> bool:
        """Whether the program wants something else than the state has."""
        return bool(self.applications.diff(self.id, self.state, {**self.wanted, **edits}).changes)

    def up(self, **edits: Any) -> None:
        """Change what differs."""
        self.wanted |= edits
        self.state = self.applications.update(self.id, self.state, self.wanted).outs or Props()

    def variable(self, key: str, *, preview: bool = False) -> dict[str, Any]:
        """A variable as Coolify knows it."""
        (found,) = [v for v in self.coolify.variables[self.id] if (v["key"], v["is_preview"]) == (key, preview)]
        return found
