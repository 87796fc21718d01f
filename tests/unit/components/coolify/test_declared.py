"""What a stack with Coolify declares: containers, ways in, applications; and nothing of it without."""

import json
from functools import cache
from typing import Any

import pytest
import yaml

from components.delivery.coolify.provider import ApplicationProvider
from components.delivery.coolify.words import body
from components.dns import records
from components.flows import API_PORT, Networks, flows
from components.routing import routing_yaml
from policy.exemptions import EXEMPTIONS
from policy.judging import Declared as Judged
from policy.judging import Level, Subject
from policy.table import RULES
from settings import Settings
from settings.coolify import COOLIFY_PORTS
from tests.recording import Declared, Recorder, record_platform, stack_settings
from tests.unit.settings.stacks import data_of, edited

NAMES = {"coolify", "coolify-db", "coolify-redis", "coolify-realtime"}
ADDRESS = "10.10.20.41"


@cache
def with_coolify(api: str = "enabled") -> Settings:
    if api == "enabled":
        return stack_settings("staging")
    edits: dict[str, Any] = {"delivery.coolify.api": api, "delivery.coolify.applications": {}}
    return Settings.model_validate_json(json.dumps(edited(data_of("staging"), edits)))


def recorded(api: str = "enabled") -> Recorder:
    return record_platform(with_coolify(api))


def containers(found: Recorder) -> dict[str, Declared]:
    made = {str(each.inputs["name"]): each for each in found.of("docker:index/container:Container")}
    return {name: made[name] for name in NAMES if name in made}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_without_it_has_nothing_of_it(stack: str) -> None:
    settings = stack_settings(stack)
    found = record_platform(settings)
    assert [each.name for each in found.resources if "coolify" in each.name] == []
    assert "coolify" not in "".join(routing_yaml(settings, slot) for slot in settings.edge.gateways)


def test_its_containers_are_bounded_watched_and_published_at_the_private_address_only() -> None:
    found = containers(recorded())
    assert set(found) == NAMES
    published = dict[str, list[int]]()
    for name, each in found.items():
        given = each.inputs
        assert given["healthcheck"]["tests"]
        assert given["memory"] == given["memorySwap"] > 0
        assert {port["ip"] for port in given["ports"]} <= {ADDRESS}
        published[name] = [port["external"] for port in given["ports"]]
        assert {network["name"] for network in given["networksAdvanced"]} == {"coolify-own"}
    assert published["coolify-db"] == published["coolify-redis"] == []
    assert {port for ports in published.values() for port in ports} == set(COOLIFY_PORTS)


def test_no_environment_and_no_argument_of_its_containers_has_a_secret() -> None:
    found = recorded()
    for name, each in containers(found).items():
        seen = json.dumps({key: each.inputs.get(key) for key in ("envs", "command", "entrypoints", "healthcheck")})
        assert "generated-password" not in seen, name
    files = {
        each.name: each.inputs for each in found.of("docker:index/container:Container") if "uploads" in each.inputs
    }
    told = files["coolify-coolify-files-container"]["uploads"][0]["content"]
    assert "DB_PASSWORD=generated-password\n" in told
    # The first user is made before anybody else can become that.
    assert "ROOT_USER_PASSWORD=Aa1-generated-password\n" in told
    assert "ROOT_USER_EMAIL=devops@luxima.id" in containers(found)["coolify"].inputs["envs"]


def test_github_and_the_probe_have_one_path_each_and_everybody_else_comes_from_trusted_networks() -> None:
    settings = with_coolify()
    document = yaml.load(routing_yaml(settings, "blue"), yaml.CSafeLoader)["http"]
    routers = {name: router for name, router in document["routers"].items() if name.startswith("coolify")}
    assert {name for name, router in routers.items() if "trusted" not in router["middlewares"]} == {
        *("coolify-webhook", "coolify-health")
    }
    assert "Method(`GET`) && Path(`/api/health`)" in routers["coolify-health"]["rule"]
    webhook = routers["coolify-webhook"]
    assert "Method(`POST`) && Path(`/webhooks/source/github/events/manual`)" in webhook["rule"]
    assert webhook["priority"] > max(each["priority"] for each in routers.values() if "trusted" in each["middlewares"])
    assert all("Host(`coolify.staging.luxima.id`)" in router["rule"] for router in routers.values())
    urls = [document["services"][name]["loadBalancer"]["servers"][0]["url"] for name in routers]
    assert {url.rpartition(":")[0] for url in urls} == {f"http://{ADDRESS}"}
    assert {int(url.rpartition(":")[2]) for url in urls} == set(COOLIFY_PORTS)
    (record,) = [each for each in records(settings) if each.fqdn == "coolify.staging.luxima.id"]
    assert record.values == tuple(gateway.addresses[-1] for gateway in settings.edge.gateways.values())


def test_only_the_gateways_reach_its_ports() -> None:
    settings = with_coolify()
    every = [flow for flow in flows(settings) if flow.port in COOLIFY_PORTS and f"{ADDRESS}/32" in str(flow.target)]
    assert {flow.port for flow in every} == set(COOLIFY_PORTS)
    assert {str(flow.source) for flow in every} == {
        "Pods(namespace='edge', name='traefik', label='app.kubernetes.io/name')"
    }


@pytest.mark.parametrize("api", ["enabled", "disabled"])
def test_its_host_reaches_the_cluster_only_where_a_deployment_releases(api: str) -> None:
    asks = flows(with_coolify(api)).out_of(Networks((f"{ADDRESS}/32",)))
    # The disabled one has no application.
    assert [flow.why for flow in asks if flow.port == API_PORT] == (
        ["releases that end a deployment"] if api == "enabled" else []
    )


def test_before_there_is_a_token_it_runs_and_nothing_is_asked_of_it() -> None:
    found = recorded("disabled")
    assert set(containers(found)) == NAMES
    assert found.of("dynamic/coolify:Application") == found.of("dynamic/coolify:Project") == []


def test_its_post_deployment_step_releases_staging_by_digest() -> None:
    found = recorded()
    (application,) = found.of("dynamic/coolify:Application")
    command = application.inputs["postDeployment"]
    assert command == 'python -m release deploy storefront --stack staging --image "$RELEASE_IMAGE"'
    assert body({**application.inputs, "port": 3000})["post_deployment_command"] == command
    assert ("pulumi-python:dynamic/coolify:Environment", "coolify-applications-staging") in found.before(application)
    assert any(name == "coolify-coolify-container" for _, name in found.before(application))


def test_every_property_that_is_declared_is_compared_or_hidden() -> None:
    """One that is not would be changed by nobody."""
    (application,) = recorded().of("dynamic/coolify:Application")
    known: set[str] = {*ApplicationProvider.replacing, *ApplicationProvider.compared}
    assert application.inputs.keys() - known == {"stack", "secrets", "webhookSecret", "__provider"}


def judged(edit: dict[str, Any]) -> list[str]:
    """What the rules say of a stack with Coolify, whose application was edited."""
    declared = tuple(
        Judged(
            Subject(each.type, each.name, f"urn:pulumi:staging::luxima::{each.type}::{each.name}"),
            {**each.inputs, **(edit if each.type.endswith("coolify:Application") else {})},
        )
        for each in recorded().resources
    )
    rules = [rule for rule in RULES if rule.level("staging") is Level.MANDATORY]
    return [f"{rule.name}: {rule.message(finding)}" for rule in rules for finding in rule.judge(declared, EXEMPTIONS)]


def test_it_keeps_the_rules_and_an_application_that_reaches_production_by_itself_is_refused() -> None:
    (refused,) = judged({"environment": "production", "postDeployment": None})
    assert refused.startswith("coolify-production-approved: ")
