"""Coolify deploys staging by itself and nothing else, and tells no build a secret (INF-3, REL-5, SEC-2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding
from . import kinds
from .secret_detection import literal, secret_in, secret_name

_STACK = re.compile(r"--stack[ =](\S+)")


@resource_rule(
    "coolify-production-approved",
    requirements=("REL-5", "INF-3"),
    types=(kinds.COOLIFY_APPLICATION,),
    severity=Severity.CRITICAL,
)
def coolify_production_approved(resource: Resource) -> Iterator[Finding]:
    """No push reaches production by Coolify: neither an application there, nor a release of its stack."""
    props = resource.props
    command = props.at("postDeployment")
    production = props.at("environment").text == "production" or props.at("stack").text == "prod"
    automatic = props.at("autoDeploy")
    if production and automatic.flag is not False:
        yield automatic.wrong("is on in production", "set it to false: a person deploys after an approval")
    if production and command.text:
        yield command.wrong("releases from production's applications", "remove it")
    found = _STACK.search(command.text)
    if found is not None and found[1].strip("'\"") == "prod":
        yield command.wrong("releases to prod", "release to staging; prod waits for an approval")


@resource_rule(
    "coolify-variables-secrets", requirements=("SEC-2",), types=(kinds.COOLIFY_APPLICATION,), severity=Severity.CRITICAL
)
def coolify_variables_secrets(resource: Resource) -> Iterator[Finding]:
    """No variable that the build is told holds a secret, and no command does."""
    remedy = "name it in secrets of the application, and give its value in luxima:coolifyVariables"
    for name, value in resource.props.at("variables").entries():
        if (secret_name(name) and literal(value.text)) or secret_in(value.text):
            yield value.wrong("is the value of a secret, which the build is told", remedy)
    command = resource.props.at("postDeployment")
    if secret_in(command.text):
        yield command.wrong("holds a secret", "read it from a variable of the container")
