"""What is declared in Coolify, against a stand-in that refuses what the real API refuses."""

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config

from components.delivery.coolify import api
from components.delivery.coolify.api import CoolifyError
from components.delivery.coolify.provider import ApplicationProvider, EnvironmentProvider, ProjectProvider
from sandbox.servers.coolify_api import Coolify, Fault
from sandbox.servers.coolify_http import serve

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


@pytest.fixture(autouse=True)
def tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider says how long they are, for its whole process."""
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(api.Api.__init__, "__defaults__", (clock.pause,))
    return clock


@pytest.fixture
def coolify(clock: Clock) -> Coolify:
    return Coolify({TOKEN: {"read", "write"}, READER: {"read"}}, clock=clock)


@pytest.fixture
def endpoint(coolify: Coolify) -> Iterator[str]:
    server = serve(coolify)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


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


@pytest.fixture
def made(endpoint: str, coolify: Coolify) -> Made:
    return Made(endpoint, coolify)


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


def test_two_hundred_requests_a_minute_are_kept_to(made: Made, clock: Clock) -> None:
    made.coolify.limit = len(made.coolify.calls)
    made.refresh()
    assert clock.now >= 60
    assert len(clock.waits) == 1


def test_many_applications_are_made_within_the_limit_with_six_requests_each(
    endpoint: str, coolify: Coolify, clock: Clock
) -> None:
    projects, environments, applications = providers()
    id_ = projects.create(project(endpoint)).id
    environments.create({"endpoint": endpoint, "project": id_, "name": "staging"})
    begun = len(coolify.calls)
    for number in range(40):
        name: Props = {"name": f"application-{number}", "domains": [], "secrets": {"KEY": "planted"}}
        applications.create(application(endpoint, coolify, id_, **name))
    assert len(coolify.calls) - begun == 240
    assert 60 <= clock.now < 120


def broken(coolify: Coolify, how: str) -> None:
    """Bring a Coolify into a state in which it refuses."""
    match how:
        case "token":
            del coolify.tokens[TOKEN]
        case "disabled":
            coolify.enabled = False
        case "rights":
            coolify.tokens[TOKEN].discard("write")
        case "gone":
            coolify.applications.clear()
        case "limit":
            coolify.limit = 0
        case _:
            coolify.faults += [Fault("PATCH", ".*", 503)] * 9


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("token", r"the API token is not known \(401\).*add-an-application.md.*The first token"),
        ("disabled", r"its API is off \(403\).*The first token"),
        ("rights", r"may not do that \(Missing.*write\); it needs read and write \(403\)"),
        ("gone", r"PATCH of application storefront in staging: .*404"),
        ("limit", r"takes no more requests \(429\)"),
        ("server", "Coolify answers 503 Server Error"),
    ],
)
def test_a_refusal_says_what_to_do(made: Made, how: str, words: str) -> None:
    broken(made.coolify, how)
    with pytest.raises(CoolifyError, match=words) as caught:
        made.up(branch="main")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ({"branch": "$(id)"}, r"422\): .*git_branch"),
        ({"domains": ["tools.staging.luxima.id"]}, r"422\): .*domains"),
        ({"variables": {"1X": SECRET}}, r"POST|PATCH of variables of application storefront in staging: .*422\): key"),
    ],
)
def test_what_coolify_refuses_is_named_and_no_value_is_shown(made: Made, edits: dict[str, Any], words: str) -> None:
    with pytest.raises(CoolifyError, match=words) as caught:
        made.up(**edits)
    assert SECRET not in str(caught.value)


def test_a_domain_that_another_application_has_is_named(made: Made) -> None:
    with pytest.raises(CoolifyError, match=r"Domain conflicts detected.*https://tools.staging.luxima.id"):
        made.applications.create({**made.wanted, "name": "other"})


def test_a_server_that_is_not_validated_or_not_there_is_named(endpoint: str, coolify: Coolify) -> None:
    coolify.usable = False
    with pytest.raises(CoolifyError, match=r"cannot use its server localhost yet: docs/how-to/add-an-application\.md"):
        Made(endpoint, coolify)
    with pytest.raises(CoolifyError, match=r"no server other; .*delivery\.coolify\.server"):
        Made(endpoint, coolify, server="other")


def test_a_failure_of_the_servers_is_asked_again_where_that_does_no_harm(made: Made) -> None:
    made.coolify.faults += [Fault("PATCH", f"/applications/{made.id}", 502)] * 2
    made.up(branch="main")
    assert made.coolify.applications[made.id]["git_branch"] == "main"


def test_a_coolify_that_is_away_is_told(made: Made) -> None:
    with pytest.raises(CoolifyError, match=r"does not answer at http://127.0.0.1:9/api/v1 \(ConnectionError\)"):
        made.applications.read(made.id, {**made.state, "endpoint": "http://127.0.0.1:9"})


def test_nothing_begins_without_a_token() -> None:
    for provider in providers(""):
        (failure,) = provider.check({}, {}).failures or []
        assert failure.reason.startswith("luxima:coolifyApiToken is not set; docs/how-to/add-an-application.md")


@pytest.mark.parametrize("edits", [{"autoDeploy": True}, {"postDeployment": "x"}])
def test_production_is_never_deployed_by_a_push(coolify: Coolify, edits: dict[str, Any]) -> None:
    quiet = {"environment": "production", "autoDeploy": False, "postDeployment": None}
    _, _, applications = providers()
    assert not applications.check({}, application("", coolify, "", **quiet)).failures
    (failure,) = applications.check({}, application("", coolify, "", **{**quiet, **edits})).failures or []
    assert "after an approval" in failure.reason


def test_a_name_is_a_variable_or_a_secret(coolify: Coolify) -> None:
    _, _, applications = providers()
    (failure,) = (
        applications.check({}, application("", coolify, "", variables={"DATABASE_PASSWORD": "x"})).failures or []
    )
    assert "DATABASE_PASSWORD: is a secret as well" in failure.reason


@pytest.mark.parametrize("key", ["project", "environment", "server", "deployKey"])
def test_another_place_is_another_application_and_the_old_one_goes_first(made: Made, key: str) -> None:
    found = made.applications.diff(made.id, made.state, {**made.wanted, key: "other"})
    assert (found.replaces, found.delete_before_replace) == ([key], True)
