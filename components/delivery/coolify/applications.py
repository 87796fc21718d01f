"""What a stack declares in Coolify: one project, its environments, its applications (INF-3, REL-5)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_random as random
from pulumi.dynamic import Resource

from components.delivery.coolify.provider import ApplicationProvider, EnvironmentProvider, ProjectProvider
from settings.coolify import Application as ApplicationSettings
from settings.coolify import Coolify as CoolifySettings

_IMAGE: Final = "$RELEASE_IMAGE"
"""Variable of an application's own image, which says what it releases."""


class Project(Resource, module="coolify", name="Project"):
    """A project of Coolify; the work is done by `provider.ProjectProvider`."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(ProjectProvider(), name, dict(props), opts)


class Environment(Resource, module="coolify", name="Environment"):
    """An environment of a project; the work is done by `provider.EnvironmentProvider`."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(EnvironmentProvider(), name, dict(props), opts)


class Application(Resource, module="coolify", name="Application"):
    """An application in an environment; the work is done by `provider.ApplicationProvider`."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(ApplicationProvider(), name, dict(props), opts)


@dataclass(frozen=True)
class ApplicationsArgs:
    """Inputs of the Applications."""

    stack: str
    """Name of the stack."""
    settings: CoolifySettings
    """Settings of Coolify."""
    endpoint: str
    """URL of its API, without a path."""
    core_domain: str
    """Domain that applications' names are under."""
    variables: pulumi.Output[str]
    """The secret coolifyVariables: JSON of values by application and name; secret."""


class Applications(pulumi.ComponentResource):
    """All of a stack; what others made in the same Coolify is left alone."""

    webhook_secrets: Mapping[str, pulumi.Output[str]]
    """What GitHub signs its calls with, by application; secret."""

    def __init__(self, name: str, args: ApplicationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:delivery:Applications", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        project = Project(
            f"{name}-project",
            {"endpoint": args.endpoint, "name": f"luxima-{args.stack}", "stack": args.stack},
            child,
        )
        wanted = sorted({each.environment for each in args.settings.applications.values()})
        environments = {
            place: Environment(
                f"{name}-{place}", {"endpoint": args.endpoint, "project": project.id, "name": place}, child
            )
            for place in wanted
        }
        self.webhook_secrets = {
            key: random.RandomPassword(f"{name}-{key}-webhook", length=40, special=False, opts=child).result
            for key in args.settings.applications
        }
        for key, each in args.settings.applications.items():
            made = pulumi.ResourceOptions(parent=self, depends_on=[environments[each.environment]])
            Application(f"{name}-{key}", {"project": project.id, **self._props(key, each)}, made)
        self.register_outputs({"project": project.id})

    def _props(self, key: str, each: ApplicationSettings) -> Mapping[str, Any]:
        args = self._args
        release = f'python -m release deploy {each.releases} --stack {args.stack} --image "{_IMAGE}"'
        return {
            "endpoint": args.endpoint,
            "stack": args.stack,
            "environment": each.environment,
            "server": args.settings.server,
            "name": key,
            "repository": each.repository,
            "branch": each.branch,
            "deployKey": each.deploy_key,
            "port": each.port,
            "healthPath": each.health_path,
            "domains": [f"https://{host}.{args.core_domain}" for host in each.hosts],
            "autoDeploy": each.auto_deploy,
            "postDeployment": None if each.releases is None else release,
            "memoryMib": each.memory_mib,
            "variables": dict(each.variables),
            "secrets": pulumi.Output.secret(args.variables).apply(lambda text: _values(text, key, each)),
            "webhookSecret": pulumi.Output.secret(self.webhook_secrets[key]),
            "takenOver": each.taken_over,
        }


def _values(text: str, application: str, each: ApplicationSettings) -> dict[str, str]:
    """The secrets of one application; another's are not among them."""
    known = json.loads(text).get(application, {})
    missing = [name for name in each.secrets if name not in known]
    if missing:
        names = ", ".join(missing)
        raise pulumi.RunError(
            f"luxima:coolifyVariables has no {names} of {application}; nothing was changed in Coolify"
        )
    return {name: known[name] for name in each.secrets}
