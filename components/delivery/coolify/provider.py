"""Projects, environments and applications in Coolify, through its API.

What is made and not written down by a run that was cut short is found again: by its name, and for projects and
applications by the mark in their description. What has no mark is somebody else's and is left alone.

A secret goes one way: to the container at run time, never to the build, and is shown once. Coolify copies each new
variable for previews, and the copy could be read, so it is emptied. Whether a variable was changed by hand is told by
the time of its last change; of a secret the state has a hash. The classes are stored in the state by this module's
path: they must not move.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from components.delivery.coolify.api import Api, CoolifyError
from components.delivery.coolify.words import (
    HIDDEN,
    MARK,
    Props,
    body,
    entry,
    fingerprint,
    hashes_of,
    mebibytes,
    readable_copy,
    seen_of,
    what_of,
)
from components.dynamic_errors import without_traceback

_PRODUCTION: Final = "production"


class _Provider(ResourceProvider):
    """Has the token of the stack's configuration, and keeps it in no resource."""

    replacing: Sequence[str] = ()
    """Properties with which it is another thing."""
    compared: Sequence[str] = ()
    """Properties that change in place."""
    _token: str

    def configure(self, req: ConfigureRequest) -> None:
        """Take the API token from the stack's configuration."""
        without_traceback()
        self._token = req.config.get("coolifyApiToken") or ""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Refuse to begin without a token."""
        missing = "luxima:coolifyApiToken is not set; docs/how-to/add-an-application.md says how it is made"
        return CheckResult(news, [] if self._token else [CheckFailure("endpoint", missing)])

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """What is declared, against what was seen last."""
        replaces = [key for key in self.replacing if _olds.get(key) != _news.get(key)]
        changed = bool(replaces) or any(_olds.get(key) != _news.get(key) for key in self.compared)
        return DiffResult(changes=changed, replaces=replaces, stables=[], delete_before_replace=True)

    def _api(self, props: Mapping[str, Any]) -> Api:
        return Api(str(props["endpoint"]), self._token)


class ProjectProvider(_Provider):
    """A project. Properties: `endpoint`, `name`, `stack`."""

    replacing = ("stack",)
    compared = ("name", "endpoint")

    def create(self, props: Props) -> CreateResult:
        """Make it, or take up one of this stack that a run was cut short after."""
        api, what = self._api(props), f"project {props['name']}"
        mark = f"{MARK} {props['stack']}"
        for found in api.listed("/projects", what):
            if found["name"] == props["name"]:
                if found.get("description") == mark:
                    return CreateResult(found["uuid"], dict(props))
                raise CoolifyError(
                    f"{what} is in Coolify already and is not this stack's; it was left alone: rename it there, or "
                    f"give it the description {mark!r} to have it taken over"
                )
        made = api.send("POST", "/projects", what, {"name": props["name"], "description": mark})
        return CreateResult(made["uuid"], dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """What is there now."""
        found = self._api(props).get(f"/projects/{id_}", f"project {props['name']}")
        return ReadResult("", {}) if found is None else ReadResult(id_, {**props, "name": found["name"]})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Give it its name."""
        body = {"name": _news["name"], "description": f"{MARK} {_news['stack']}"}
        self._api(_news).send("PATCH", f"/projects/{_id}", f"project {_news['name']}", body)
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: Props) -> None:
        """Remove it; Coolify refuses while something is in it."""
        self._api(_props).delete(f"/projects/{_id}", f"project {_props['name']}")


class EnvironmentProvider(_Provider):
    """An environment of a project. Properties: `endpoint`, `project` (its id), `name`."""

    replacing = ("project", "name")
    compared = ("endpoint",)

    def create(self, props: Props) -> CreateResult:
        """Make it; a project of ours has one called `production` from the start."""
        api, what = self._api(props), f"environment {props['name']}"
        path = f"/projects/{props['project']}/environments"
        made = api.send("POST", path, what, {"name": props["name"]}, known=(409,))
        made = made or api.get(f"/projects/{props['project']}/{props['name']}", what) or {}
        return CreateResult(made["uuid"], dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Whether it is there."""
        found = self._api(props).get(f"/projects/{props['project']}/{id_}", f"environment {props['name']}")
        return ReadResult("", {}) if found is None else ReadResult(id_, {**props, "name": found["name"]})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Only where the API is can change."""
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: Props) -> None:
        """Remove it; Coolify refuses while something is in it."""
        path = f"/projects/{_props['project']}/environments/{_id}"
        self._api(_props).delete(path, f"environment {_props['name']}")


class ApplicationProvider(_Provider):
    """An application, with its domains, its variables and its webhook.

    Properties: `endpoint`, `stack`, `project` (its id), `environment`, `server` (its name), `name`, `repository`,
    `branch`, `deployKey` (its id), `port`, `healthPath`, `domains` (URLs), `autoDeploy`, `postDeployment` (a command,
    or nothing), `memoryMib`, `variables`, `secrets` (both values by name), `webhookSecret`, `takenOver` (an id, or
    nothing). The state has `hashes` and `times` in the place of the values of secrets.
    """

    replacing = ("project", "environment", "server", "deployKey")
    compared = (
        *("endpoint", "name", "repository", "branch", "port", "healthPath", "domains", "autoDeploy"),
        *("postDeployment", "memoryMib", "variables"),
    )

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Refuse what reaches production by itself, and a name that is a variable and a secret."""
        failures = list(super().check(_olds, news).failures or [])
        if news.get("environment") == _PRODUCTION and (news.get("autoDeploy") or news.get("postDeployment")):
            failures.append(CheckFailure("autoDeploy", "production is deployed after an approval, never by a push"))
        both = sorted(set(_table(news, "variables")) & set(_table(news, "secrets")))
        if both:
            failures.append(CheckFailure("variables", f"{', '.join(both)}: is a secret as well; remove it from one"))
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """What is declared, against what was seen last; of secrets, hashes."""
        found = super().diff(_id, _olds, _news)
        known = all(isinstance(_news.get(key), kind) for key, kind in (("secrets", dict), ("webhookSecret", str)))
        secrets = not known or _olds.get("hashes") != hashes_of(_news)
        return DiffResult(found.changes or secrets, found.replaces, [], delete_before_replace=True)

    def create(self, props: Props) -> CreateResult:
        """Make it, or take up one of this stack that a run was cut short after, or one that the settings name."""
        api, what = self._api(props), what_of(props)
        uuid = props.get("takenOver") or self._begun(api, props)
        if uuid is None:
            place = {"project_uuid": props["project"], "environment_name": props["environment"]}
            first = {
                **place,
                "server_uuid": _server(api, props),
                "private_key_uuid": props["deployKey"],
                "build_pack": "dockerfile",
                "autogenerate_domain": False,
                "instant_deploy": False,
            }
            made = api.send("POST", "/applications/private-deploy-key", what, {**first, **body(props)})
            uuid = made["uuid"]
        else:
            api.send("PATCH", f"/applications/{uuid}", what, body(props))
        return CreateResult(uuid, self._variables(api, uuid, props))

    def _begun(self, api: Api, props: Props) -> str | None:
        what = what_of(props)
        place: Props = api.get(f"/projects/{props['project']}/{props['environment']}", what) or {}
        held: list[Props] = place.get("applications", [])
        for found in held:
            if found["name"] == props["name"]:
                if found.get("description") != f"{MARK} {props['stack']}":
                    raise CoolifyError(
                        f"{what} is in Coolify already and is not this stack's; it was left alone: rename it there, or "
                        f"give its id, {found['uuid']}, as taken_over"
                    )
                return str(found["uuid"])
        return None

    def _variables(self, api: Api, uuid: str, props: Props) -> Props:
        """Set all variables, remove others; returns what the state keeps."""
        path, what = f"/applications/{uuid}/envs", f"variables of {what_of(props)}"
        wanted = [entry(key, value, secret=False) for key, value in props["variables"].items()]
        wanted += [entry(key, value, secret=True) for key, value in props["secrets"].items()]
        if wanted:
            api.send("PATCH", f"{path}/bulk", what, {"data": wanted})
        found = api.listed(path, what)
        copies = [each["key"] for each in found if readable_copy(each, props["secrets"])]
        if copies:
            blank = [{**entry(key, "", secret=True), "is_preview": True} for key in copies]
            api.send("PATCH", f"{path}/bulk", what, {"data": blank})
        keys = {entry["key"] for entry in wanted}
        for each in found:
            if each["key"] not in keys and not each.get("is_coolify"):
                api.delete(f"{path}/{each['uuid']}", what)
        times = {each["key"]: each["updated_at"] for each in found if each["key"] in keys and not each["is_preview"]}
        kept = {key: value for key, value in props.items() if key not in HIDDEN}
        return {**kept, "hashes": hashes_of(props), "times": times}

    def read(self, id_: str, props: Props) -> ReadResult:
        """What is there now; of variables, which were changed since they were set."""
        api, what = self._api(props), what_of(props)
        found = api.get(f"/applications/{id_}", what)
        if found is None:
            return ReadResult("", {})
        settings: Props = found.get("settings") or {}
        seen = {
            "name": found["name"],
            "repository": found["git_repository"],
            "branch": found["git_branch"],
            "port": int(found["ports_exposes"]),
            "healthPath": found["health_check_path"],
            "domains": [each for each in (found.get("fqdn") or "").split(",") if each],
            "autoDeploy": settings.get("is_auto_deploy_enabled", props["autoDeploy"]),
            "postDeployment": found.get("post_deployment_command") or None,
            "memoryMib": mebibytes(found["limits_memory"]),
        }
        entries = api.listed(f"/applications/{id_}/envs", f"variables of {what}")
        variables, hashes = seen_of(entries, props)
        webhook = found.get("manual_webhook_secret_github")
        if webhook is not None:
            # The token may read secrets.
            hashes["webhook"] = fingerprint(str(props["name"]), webhook)
        return ReadResult(id_, {**props, **seen, "variables": variables, "hashes": hashes})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Change it in place; it runs as it did until it is deployed next."""
        api = self._api(_news)
        api.send("PATCH", f"/applications/{_id}", what_of(_news), body(_news))
        return UpdateResult(self._variables(api, _id, _news))

    def delete(self, _id: str, _props: Props) -> None:
        """Remove it with its containers, and wait for that; its volumes stay on the host."""
        api, what = self._api(_props), what_of(_props)
        api.delete(f"/applications/{_id}?delete_volumes=false", what)
        api.wait_gone(f"/applications/{_id}", what)


def _table(props: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A table of a check's inputs, which may not be known yet."""
    found: object = props.get(key)
    return cast("Props", found) if isinstance(found, dict) else {}


def _server(api: Api, props: Props) -> str:
    for found in api.listed("/servers", "servers"):
        if found["name"] == props["server"]:
            if not found.get("is_usable"):
                raise CoolifyError(
                    f"Coolify cannot use its server {props['server']} yet: docs/how-to/add-an-application.md, "
                    "`The first token`, says how it is validated"
                )
            return str(found["uuid"])
    raise CoolifyError(f"Coolify has no server {props['server']}; give the name of one as delivery.coolify.server")
