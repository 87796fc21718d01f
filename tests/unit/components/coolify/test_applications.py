"""What is declared in Coolify, against a stand-in that refuses what the real API refuses."""

from typing import Any

import pytest

from components.delivery.coolify.api import CoolifyError
from sandbox.servers.coolify_api import Coolify, Fault
from tests.unit.components.coolify.applications import SECRET, TOKEN, Made, Props, application, project, providers


def test_an_application_is_made_with_all_that_is_declared(made: Made) -> None:
    found = made.coolify.applications[made.id]
    assert found["fqdn"] == "https://tools.staging.luxima.id"
    assert found["post_deployment_command"].startswith("python -m release deploy storefront --stack staging --image")
    assert found["manual_webhook_secret_github"] == "planted-webhook"
    assert (found["is_auto_deploy_enabled"], found["is_preview_deployments_enabled"]) == (True, False)
    assert made.variable("NODE_ENV")["is_buildtime"] is True
    made.refresh()
    assert not made.differs()


def test_a_secret_reaches_no_build_no_preview_no_answer_and_no_state(made: Made) -> None:
    secret = made.variable("DATABASE_PASSWORD")
    assert secret["value"] == SECRET
    assert (secret["is_buildtime"], secret["is_runtime"], secret["is_shown_once"]) == (False, True, True)
    assert made.variable("DATABASE_PASSWORD", preview=True)["value"] == ""
    made.coolify.tokens[TOKEN].add("read:sensitive")
    status, answer, _ = made.coolify.answer("GET", f"/applications/{made.id}/envs", TOKEN, None)
    assert status == 200
    assert SECRET not in str(answer)
    for state in (made.state, made.refresh()):
        assert SECRET not in str(state)
        assert "planted-webhook" not in str(state)


@pytest.mark.parametrize(
    "edits",
    [
        {"name": "shop"},
        {"branch": "main"},
        {"port": 8080},
        {"domains": []},
        {"autoDeploy": False},
        {"postDeployment": None},
        {"memoryMib": 512},
        {"healthPath": "/ready"},
        {"variables": {"NODE_ENV": "test", "MORE": "1"}},
        {"variables": {}},
        {"secrets": {"DATABASE_PASSWORD": "planted-other"}},
        {"secrets": {"DATABASE_PASSWORD": SECRET, "KEY": "planted"}},
        {"secrets": {}},
        {"webhookSecret": "planted-other"},
    ],
    ids=str,
)
def test_a_change_is_seen_made_in_place_and_then_seen_no_more(made: Made, edits: dict[str, Any]) -> None:
    assert made.differs(**edits)
    assert made.applications.diff(made.id, made.state, {**made.wanted, **edits}).replaces == []
    made.up(**edits)
    made.refresh()
    assert not made.differs()
    keys = {each["key"] for each in made.coolify.variables[made.id]}
    assert keys == made.wanted["variables"].keys() | made.wanted["secrets"].keys()


def by_hand(made: Made, change: str) -> None:
    """What a person does on Coolify's pages."""
    coolify, id_ = made.coolify, made.id
    known = coolify.applications[id_]
    match change:
        case "branch":
            known["git_branch"] = "other"
        case "domain":
            known["fqdn"] = "https://other.invalid"
        case "auto deploy":
            known["is_auto_deploy_enabled"] = False
        case "command":
            known["post_deployment_command"] = None
        case "memory":
            known["limits_memory"] = "0"
        case "secret in the build":
            made.variable("DATABASE_PASSWORD")["is_buildtime"] = True
        case "secret for previews":
            made.variable("DATABASE_PASSWORD", preview=True)["is_shown_once"] = False
        case "removed":
            coolify.variables[id_].clear()
        case key:
            coolify.change(id_, {"key": key, "value": "by hand"})


@pytest.mark.parametrize(
    "change",
    [
        *("branch", "domain", "auto deploy", "command", "memory", "NODE_ENV", "DATABASE_PASSWORD", "ADDED"),
        *("secret in the build", "secret for previews", "removed"),
    ],
)
def test_what_was_changed_by_hand_is_seen_and_put_right(made: Made, change: str) -> None:
    by_hand(made, change)
    made.refresh()
    assert made.differs()
    made.up()
    made.refresh()
    assert not made.differs()
    secret = made.variable("DATABASE_PASSWORD")
    assert (secret["value"], secret["is_buildtime"]) == (SECRET, False)
    assert made.variable("DATABASE_PASSWORD", preview=True)["value"] == ""
    assert made.variable("NODE_ENV")["value"] == "production"


def test_a_webhook_secret_that_was_changed_by_hand_is_seen_by_who_may_read_secrets(made: Made) -> None:
    made.coolify.applications[made.id]["manual_webhook_secret_github"] = "by hand"
    made.refresh()
    assert not made.differs()
    made.coolify.tokens[TOKEN].add("read:sensitive")
    made.refresh()
    assert made.differs()


@pytest.mark.parametrize(("method", "path"), [("POST", "/applications/private-deploy-key"), ("PATCH", ".*/envs/bulk")])
@pytest.mark.parametrize("done", [False, True])
def test_a_run_that_was_cut_short_goes_on_with_what_it_made(
    endpoint: str, coolify: Coolify, method: str, path: str, done: bool
) -> None:
    projects, environments, applications = providers()
    first = projects.create(project(endpoint)).id
    # The state was not written: both are asked for again.
    assert projects.create(project(endpoint)).id == first
    place = {"endpoint": endpoint, "project": first, "name": "staging"}
    assert environments.create(place).id == environments.create(place).id
    wanted = application(endpoint, coolify, first)
    coolify.faults += [Fault(method, path, 500, done=done)] * 3
    with pytest.raises(CoolifyError, match="500") as caught:
        applications.create(wanted)
    assert SECRET not in str(caught.value)
    coolify.faults.clear()
    made = applications.create(wanted)
    assert list(coolify.applications) == [made.id]
    assert len(coolify.projects) == 1
    assert not applications.diff(
        made.id, applications.read(made.id, made.outs or Props()).outs or Props(), wanted
    ).changes


def test_an_environment_that_is_there_from_the_start_is_taken(endpoint: str, coolify: Coolify) -> None:
    projects, environments, _ = providers()
    id_ = projects.create(project(endpoint)).id
    made = environments.create({"endpoint": endpoint, "project": id_, "name": "production"})
    assert coolify.projects[id_]["environments"] == {made.id: "production"}


def test_what_is_somebody_elses_is_left_alone_until_it_is_named(made: Made) -> None:
    made.coolify.applications[made.id]["description"] = "mine"
    before = str(made.coolify.applications)
    with pytest.raises(
        CoolifyError, match=f"was left alone: rename it there, or give its id, {made.id}, as taken_over"
    ):
        made.applications.create(made.wanted)
    assert str(made.coolify.applications) == before
    taken = made.applications.create({**made.wanted, "takenOver": made.id, "branch": "main"})
    assert taken.id == made.id
    assert made.coolify.applications[made.id]["git_branch"] == "main"
    made.coolify.projects[made.project]["description"] = None
    with pytest.raises(CoolifyError, match="is in Coolify already and is not this stack's"):
        made.projects.create(project(made.endpoint))


def test_what_is_gone_is_seen_to_be_and_is_gone_before_its_environment(made: Made) -> None:
    with pytest.raises(CoolifyError, match="400 Environment has resources"):
        made.environments.delete(made.environment.id, made.environment.outs or Props())
    made.applications.delete(made.id, made.state)
    assert made.coolify.applications == {}
    assert made.applications.read(made.id, made.state).id == ""
    made.applications.delete(made.id, made.state)
    made.environments.delete(made.environment.id, made.environment.outs or Props())
    made.projects.delete(made.project, project(made.endpoint))
    assert made.coolify.projects == {}
    assert made.projects.read(made.project, project(made.endpoint)).id == ""


@pytest.mark.parametrize("key", ["project", "environment", "server", "deployKey"])
def test_another_place_is_another_application_and_the_old_one_goes_first(made: Made, key: str) -> None:
    found = made.applications.diff(made.id, made.state, {**made.wanted, key: "other"})
    assert (found.replaces, found.delete_before_replace) == ([key], True)
