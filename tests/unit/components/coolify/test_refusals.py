"""What Coolify refuses, or cannot do just now: what is asked again, how often, and what people are told."""

from typing import Any

import pytest

from components.delivery.coolify.api import CoolifyError
from sandbox.servers.coolify_api import Coolify, Fault
from tests.unit.components.coolify.applications import (
    SECRET,
    TOKEN,
    Clock,
    Made,
    Props,
    application,
    project,
    providers,
)


def test_two_hundred_requests_a_minute_are_kept_to(made: Made, clock: Clock) -> None:
    made.coolify.limit = len(made.coolify.calls)
    made.refresh()
    assert clock.now >= 60
    assert len(clock.waits) == 1


@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.long)])
def test_requests_grow_with_what_is_made_and_none_is_made_for_what_did_not_change(
    endpoint: str, coolify: Coolify, clock: Clock, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figures of docs/reference/benchmarks.md."""

    def quick(owner: str, value: str) -> str:
        return f"{owner} {value}"

    # What costs time on purpose is not what is counted.
    monkeypatch.setattr("components.delivery.coolify.words.fingerprint", quick)
    projects, environments, applications = providers()
    calls = 0

    def asked() -> int:
        nonlocal calls
        before, calls = calls, len(coolify.calls)
        return calls - before

    id_ = projects.create(project(endpoint)).id
    place = environments.create({"endpoint": endpoint, "project": id_, "name": "staging"})
    assert asked() == 3
    wanted = [application(endpoint, coolify, id_, name=f"application-{number}", domains=[]) for number in range(count)]
    made = [applications.create(each) for each in wanted]
    assert asked() == 6 * count
    assert clock.now // 60 == (6 * count + 3) // coolify.limit
    states = [each.outs or Props() for each in made]
    changes = [applications.diff(each.id, state, want) for each, state, want in zip(made, states, wanted, strict=True)]
    assert (any(each.changes for each in changes), asked()) == (False, 0)
    applications.update(made[0].id, states[0], {**wanted[0], "branch": "main"})
    assert asked() == 3
    projects.read(id_, project(endpoint))
    environments.read(place.id, place.outs or Props())
    for each, state in zip(made, states, strict=True):
        applications.read(each.id, state)
    assert asked() == 2 + 2 * count


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
