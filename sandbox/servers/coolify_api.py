"""A stand-in for Coolify's API (4.3): the paths that the program uses, and what the real one refuses there.

Requests are held to `coolify_fields`, which follows the published openapi.json and, where that is silent or wrong, the
source. As the real one it is off until a person turns it on, takes 200 requests a minute, knows fields that nobody may
send, copies each new variable for previews, and removes an application by and by.
"""

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sandbox.servers.coolify_fields import FIELDS, ROUTES, Answer, Record, wrong_in
from sandbox.tls import write_private

_MINUTE: Final = 60.0
_HIDDEN: Final = ("manual_webhook_secret_github",)
_SETTINGS: Final = ("is_auto_deploy_enabled", "is_force_https_enabled", "is_preview_deployments_enabled")
"""What is told of an application, and read back as a part of its `settings`."""


@dataclass
class Fault:
    """One refusal to come."""

    method: str
    path: str
    status: int
    done: bool = False
    """Whether the request is done all the same, and only its answer is lost."""


@dataclass
class Coolify:
    """What one Coolify knows."""

    tokens: dict[str, set[str]]
    """Abilities by token: `read`, `write`, `read:sensitive`."""
    enabled: bool = True
    usable: bool = True
    limit: int = 200
    """Requests a minute."""
    clock: Callable[[], float] = time.monotonic
    removing: int = 2
    """How often an application that is removed is still found."""
    projects: dict[str, Record] = field(default_factory=dict[str, Record])
    applications: dict[str, Record] = field(default_factory=dict[str, Record])
    variables: dict[str, list[Record]] = field(default_factory=dict[str, list[Record]])
    faults: list[Fault] = field(default_factory=list[Fault])
    calls: list[str] = field(default_factory=list[str])
    """Every request that was let in, as `METHOD path`."""
    keys: Sequence[str] = ()
    """Ids of deploy keys that a person made, besides its own."""
    file: Path | None = None
    """Where it keeps what it knows; nowhere when None."""

    def __post_init__(self) -> None:
        self.key = secrets.token_hex(12)
        self.server = secrets.token_hex(12)
        if self.file is not None and self.file.exists():
            self.__dict__ |= json.loads(self.file.read_text(encoding="utf-8"))
        self._lock = threading.Lock()
        self._begun, self._count, self._changes = self.clock(), 0, 0

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """What a request is answered with."""
        with self._lock:
            abilities = self.tokens.get(token)
            if abilities is None:
                return 401, {"message": "Unauthenticated."}, {}
            if not self.enabled:
                return 403, {"success": True, "message": "API is disabled."}, {}
            if self.clock() - self._begun >= _MINUTE:
                self._begun, self._count = self.clock(), 0
            self._count += 1
            if self._count > self.limit:
                left = int(_MINUTE - (self.clock() - self._begun)) + 1
                return 429, {"message": "Too Many Attempts."}, {"Retry-After": str(left)}
            needed = "read" if method == "GET" else "write"
            if needed not in abilities:
                return 403, {"message": f"Missing required permissions: {needed}"}, {}
            self.calls.append(f"{method} {path}")
            fault = next(
                (each for each in self.faults if each.method == method and re.fullmatch(each.path, path)), None
            )
            if fault is not None:
                self.faults.remove(fault)
            answered: Answer = (0, None)
            if fault is None or fault.done:
                answered = self._route(method, path, body, "read:sensitive" in abilities)
            if fault is not None:
                answered = fault.status, {"message": "Server Error"}
            if self.file is not None and method != "GET":
                kept = {key: getattr(self, key) for key in ("server", "projects", "applications", "variables")}
                write_private(self.file, json.dumps(kept).encode())
            return answered[0], answered[1], {}

    def _route(self, method: str, path: str, body: Any, sensitive: bool) -> Answer:
        for wanted, pattern, name in ROUTES:
            found = re.fullmatch(pattern, path.partition("?")[0])
            if found is not None and wanted == method:
                if wanted in ("POST", "PATCH"):
                    wrong = wrong_in(FIELDS[name], body)
                    if wrong is not None:
                        return wrong
                return getattr(self, f"_{name}")(*found.groups(), body=body, sensitive=sensitive)
        return 404, {"message": "Not found.", "docs": "https://coolify.io/docs"}

    def _servers(self, **_: Any) -> Answer:
        named = {"uuid": self.server, "name": "localhost", "ip": "host.docker.internal"}
        return 200, [{**named, "is_usable": self.usable, "is_reachable": self.usable}]

    def _list_projects(self, **_: Any) -> Answer:
        keys = ("uuid", "name", "description")
        return 200, [{key: project[key] for key in keys} for project in self.projects.values()]

    def _create_project(self, body: Record, **_: Any) -> Answer:
        uuid = secrets.token_hex(12)
        environments = {secrets.token_hex(12): "production"}
        self.projects[uuid] = {"uuid": uuid, "description": None, **body, "environments": environments}
        return 201, {"uuid": uuid}

    def _project(self, uuid: str, **_: Any) -> Answer:
        project = self.projects.get(uuid)
        return (200, project) if project else (404, {"message": "Project not found."})

    def _update_project(self, uuid: str, body: Record, **_: Any) -> Answer:
        if uuid not in self.projects:
            return 404, {"message": "Project not found."}
        self.projects[uuid] |= body
        return 201, self.projects[uuid]

    def _delete_project(self, uuid: str, **_: Any) -> Answer:
        if uuid not in self.projects:
            return 404, {"message": "Project not found."}
        if any(each["project"] == uuid for each in self.applications.values()):
            return 400, {"message": "Project has resources, so it cannot be deleted."}
        del self.projects[uuid]
        return 200, {"message": "Project deleted."}

    def _create_environment(self, uuid: str, body: Record, **_: Any) -> Answer:
        if uuid not in self.projects:
            return 404, {"message": "Project not found."}
        if body["name"] in self.projects[uuid]["environments"].values():
            return 409, {"message": "Environment with this name already exists."}
        made = secrets.token_hex(12)
        self.projects[uuid]["environments"][made] = body["name"]
        return 201, {"uuid": made}

    def _place(self, project: str, name: str) -> str | None:
        known = self.projects.get(project, {"environments": {}})["environments"]
        return next((uuid for uuid, each in known.items() if name in (uuid, each)), None)

    def _environment(self, project: str, name: str, sensitive: bool, **_: Any) -> Answer:
        uuid = self._place(project, name)
        if uuid is None:
            return 404, {"message": "Environment not found."}
        held = [self._shown(each, sensitive) for each in self.applications.values() if each["environment"] == uuid]
        return 200, {"uuid": uuid, "name": self.projects[project]["environments"][uuid], "applications": held}

    def _delete_environment(self, project: str, name: str, **_: Any) -> Answer:
        uuid = self._place(project, name)
        if uuid is None:
            return 404, {"message": "Environment not found."}
        if any(each["environment"] == uuid for each in self.applications.values()):
            return 400, {"message": "Environment has resources, so it cannot be deleted."}
        del self.projects[project]["environments"][uuid]
        return 200, {"message": "Environment deleted."}

    def _create_application(self, body: Record, **_: Any) -> Answer:
        place = self._place(body["project_uuid"], body["environment_name"])
        checks = (
            (body["project_uuid"] in self.projects, "Project"),
            (place is not None, "Environment"),
            (body["server_uuid"] == self.server, "Server"),
            (body["private_key_uuid"] in (self.key, *self.keys), "Private Key"),
        )
        for there, what in checks:
            if not there:
                return 404, {"message": f"{what} not found."}
        clash = self._clash(body, "")
        if clash:
            return clash
        uuid = secrets.token_hex(12)
        kept = {"is_auto_deploy_enabled": True, "limits_memory": "0", **body}
        made = {
            "uuid": uuid,
            "project": body["project_uuid"],
            "environment": place,
            "fqdn": body.get("domains") or None,
        }
        # Rewritten by the server at each change, and never what somebody sent.
        self.applications[uuid] = {**kept, **made, "custom_labels": secrets.token_hex(8)}
        self.variables[uuid] = []
        return 201, {"uuid": uuid, "domains": made["fqdn"]}

    def _clash(self, body: Record, own: str) -> Answer | None:
        wanted = set(filter(None, (body.get("domains") or "").split(",")))
        for uuid, each in self.applications.items():
            both = wanted & set((each["fqdn"] or "").split(","))
            if uuid != own and both:
                conflicts = [{"domain": domain, "resource_name": each["name"]} for domain in sorted(both)]
                return 409, {"message": "Domain conflicts detected.", "conflicts": conflicts}
        return None

    def _application(self, uuid: str, sensitive: bool, **_: Any) -> Answer:
        found = self.applications.get(uuid)
        if found is None:
            return 404, {"message": "Application not found."}
        if "removing" in found:
            found["removing"] -= 1
            if found["removing"] < 0:
                del self.applications[uuid], self.variables[uuid]
        return 200, self._shown(found, sensitive)

    def _shown(self, application: Record, sensitive: bool) -> Record:
        hidden = (*_SETTINGS, "domains", "project", *(() if sensitive else _HIDDEN))
        settings = {key: application.get(key) for key in _SETTINGS}
        return {**{key: each for key, each in application.items() if key not in hidden}, "settings": settings}

    def _update_application(self, uuid: str, body: Record, **_: Any) -> Answer:
        if uuid not in self.applications:
            return 404, {"message": "Application not found"}
        clash = self._clash(body, uuid)
        if clash:
            return clash
        fqdn = {"fqdn": body["domains"] or None} if "domains" in body else {}
        self.applications[uuid] |= {**body, **fqdn, "custom_labels": secrets.token_hex(8)}
        return 200, {"uuid": uuid}

    def _delete_application(self, uuid: str, **_: Any) -> Answer:
        if uuid not in self.applications:
            return 404, {"message": "Application not found"}
        self.applications[uuid]["removing"] = self.removing
        return 200, {"message": "Application deletion request queued."}

    def _list_variables(self, uuid: str, sensitive: bool, **_: Any) -> Answer:
        if uuid not in self.variables:
            return 404, {"message": "Application not found"}
        return 200, [_readable(each, sensitive) for each in self.variables[uuid]]

    def _set_variables(self, uuid: str, body: Record, sensitive: bool, **_: Any) -> Answer:
        if uuid not in self.variables:
            return 404, {"message": "Application not found"}
        done: list[Record] = []
        for item in body["data"]:
            wrong = wrong_in(FIELDS["variable"], item, dropped=True)
            if wrong is not None:
                return wrong
            done.append(self.change(uuid, {key: each for key, each in item.items() if key in FIELDS["variable"].types}))
        return 201, [_readable(each, sensitive) for each in done]

    def change(self, uuid: str, item: Record) -> Record:
        """Set a variable, as the API or a hand does."""
        self._changes += 1
        now = {"updated_at": f"2026-11-26T00:00:00.{self._changes:06d}Z"}
        same = (item["key"], item.get("is_preview", False))
        for each in self.variables[uuid]:
            if (each["key"], each["is_preview"]) == same:
                each |= {**item, **now}
                return each
        flags = {"is_preview": False, "is_shown_once": False, "is_runtime": True, "is_buildtime": True}
        made = {"uuid": secrets.token_hex(12), **flags, **item, **now}
        self.variables[uuid].append(made)
        if not made["is_preview"]:
            # The copy is not shown once, whatever the original is.
            self.variables[uuid].append(
                {**made, "uuid": secrets.token_hex(12), "is_preview": True, "is_shown_once": False}
            )
        return made

    def _delete_variable(self, uuid: str, variable: str, **_: Any) -> Answer:
        left = [each for each in self.variables.get(uuid, []) if each["uuid"] != variable]
        if len(left) == len(self.variables.get(uuid, [])):
            return 404, {"message": "Environment variable not found."}
        self.variables[uuid] = left
        return 200, {"message": "Environment variable deleted."}


def _readable(variable: Record, sensitive: bool) -> Record:
    shown = sensitive and not variable["is_shown_once"]
    return {key: each for key, each in variable.items() if key != "value" or shown}
