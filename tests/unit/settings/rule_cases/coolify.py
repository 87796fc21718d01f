"""Cases for the rules on Coolify."""

import copy
from typing import Any

from settings.rules import delivery
from tests.unit.settings.rule_cases.case import Case, prod

APPLICATION: dict[str, Any] = {
    "repository": "git@github.com:luxima/storefront.git",
    "branch": "staging",
    "deploy_key": "og888os0k4wcs8kc",
    "releases": "storefront",
    "memory_mib": 1536,
}
COOLIFY: dict[str, Any] = {
    "host": "docker-1",
    "admin_email": "devops@luxima.id",
    "api": "enabled",
    "applications": {"storefront": APPLICATION},
}


def on(edits: dict[str, Any]) -> dict[str, Any]:
    """Edits of a stack that has Coolify."""
    return copy.deepcopy({"delivery.coolify": COOLIFY, "compute.vms.docker-1.memory_mib": 14_336, **edits})


_AT = "delivery.coolify"
_APP = f"{_AT}.applications.storefront"
_BY_HAND = {f"{_APP}.auto_deploy": False}
_QUIET = {key: value for key, value in APPLICATION.items() if key != "releases"}

CASES = [
    Case(
        delivery.coolify_host,
        on({f"{_AT}.host": "k3s-agent-1"}),
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
        on({}),
    ),
    Case(
        delivery.coolify_host,
        on({"compute.vms.docker-1.memory_mib": 7_000}),
        "Coolify, its applications and what else runs on docker-1 need ",
        on({}),
        at=f"{_AT}.memory_mib",
    ),
    Case(
        delivery.coolify_host,
        on({"dns.hosts.core.coolify": ["10.10.10.41"]}),
        "something else is called coolify under the core domain",
        {"dns.hosts.core.coolify": ["10.10.10.41"]},
        at=f"{_AT}.host",
    ),
    Case(
        delivery.coolify_applications,
        on({f"{_APP}.hosts": ["tools"]}),
        'no record leads to "tools"; give [10.10.10.41], where Coolify is, as dns.hosts.core.tools',
        on({f"{_APP}.hosts": ["tools"], "dns.hosts.core.tools": ["10.10.10.41"]}),
    ),
    Case(
        delivery.coolify_applications,
        on({f"{_APP}.variables": {"API_KEY": "x"}, f"{_APP}.secrets": ["API_KEY"]}),
        "API_KEY is among secrets as well",
        on({f"{_APP}.variables": {"LEVEL": "info"}, f"{_APP}.secrets": ["API_KEY"]}),
        at=f"{_APP}.variables",
    ),
    Case(
        delivery.coolify_releases,
        on({_APP: {**_QUIET, "environment": "production"}}),
        "a push would reach production without an approval (requirement REL-5); give false",
        on({_APP: {**_QUIET, "environment": "production", "auto_deploy": False}}),
        at=f"{_APP}.auto_deploy",
    ),
    Case(
        delivery.coolify_releases,
        on({f"{_APP}.environment": "production", **_BY_HAND}),
        "production is released by a person after an approval (requirement REL-5)",
        on({**_BY_HAND}),
        at=f"{_APP}.releases",
    ),
    prod(
        delivery.coolify_releases,
        on({"compute.vms.docker-1.memory_mib": 32_768, _APP: _QUIET}),
        "a push would reach production",
        on({"compute.vms.docker-1.memory_mib": 32_768, _APP: {**_QUIET, "auto_deploy": False}}),
        at=f"{_APP}.auto_deploy",
    ),
    Case(
        delivery.coolify_releases,
        on({f"{_APP}.releases": "storefrnt"}),
        '"storefrnt" is not a service; did you mean storefront?',
        on({}),
    ),
    Case(
        delivery.coolify_releases,
        on({f"{_APP}.memory_mib": 256}),
        "a release needs 1536 MiB there, for the engine and its plugins; give at least that",
        on({_APP: {**_QUIET, "memory_mib": 256}}),
    ),
]
