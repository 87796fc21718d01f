"""The requests to Coolify's API that the program sends, and what is taken in each: as its openapi.json has them.

Of the fields of an application only those are here that the program sends; the real one knows some eighty. What the
document is silent about, such as `is_runtime` and `is_buildtime` of a variable, is as the source has it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

Record = dict[str, Any]
Answer = tuple[int, Any]
"""Status and content."""


@dataclass(frozen=True)
class Kind:
    """What a value has to be."""

    type: type
    pattern: str = "(?s).*"

    def fits(self, value: Any) -> bool:
        """Whether it is so; a number is no flag."""
        return type(value) is self.type and (self.type is not str or re.fullmatch(self.pattern, value) is not None)


@dataclass(frozen=True)
class Fields:
    """One request's body."""

    types: Mapping[str, Kind]
    required: tuple[str, ...] = ()


_TEXT, _FLAG = Kind(str), Kind(bool)
_NAME: Final = Kind(str, r"[\w\s\-.@/&()#,:+]{3,255}")
_DESCRIPTION: Final = Kind(str, r"[\w\s\-.,!?()'\"+=*@/&]{0,255}")
_APPLICATION: Final[Mapping[str, Kind]] = {
    "name": Kind(str, "(?s).{1,255}"),
    "description": _TEXT,
    "git_repository": Kind(str, r"(git@|https?://|ssh://|git://)[^\s;|&`$]+"),
    "git_branch": Kind(str, r"[A-Za-z0-9][A-Za-z0-9._/@-]*"),
    "ports_exposes": Kind(str, r"\d+(,\d+)*"),
    "domains": Kind(str, r"(https?://[^`$;&|<>()\\\s,]+(,https?://[^`$;&|<>()\\\s,]+)*)?"),
    "is_auto_deploy_enabled": _FLAG,
    "is_force_https_enabled": _FLAG,
    "is_preview_deployments_enabled": _FLAG,
    "health_check_enabled": _FLAG,
    "health_check_path": Kind(str, r"[a-zA-Z0-9/\-_.~%,;]+"),
    "limits_memory": _TEXT,
    "limits_memory_swap": _TEXT,
    "post_deployment_command": _TEXT,
    "manual_webhook_secret_github": _TEXT,
}
_FIRST: Final[Mapping[str, Kind]] = {
    "project_uuid": _TEXT,
    "environment_name": _TEXT,
    "server_uuid": _TEXT,
    "private_key_uuid": _TEXT,
    "build_pack": Kind(str, "nixpacks|railpack|static|dockerfile|dockercompose"),
    "autogenerate_domain": _FLAG,
    "instant_deploy": _FLAG,
}
_FIRST_REQUIRED: Final = (
    *("project_uuid", "environment_name", "server_uuid", "private_key_uuid"),
    *("git_repository", "git_branch", "build_pack"),
)
_FLAGS: Final = ("is_preview", "is_literal", "is_multiline", "is_shown_once", "is_runtime", "is_buildtime")

FIELDS: Final[Mapping[str, Fields]] = {
    "create_project": Fields({"name": _NAME, "description": _DESCRIPTION}, ("name",)),
    "update_project": Fields({"name": _NAME, "description": _DESCRIPTION}),
    "create_environment": Fields({"name": _NAME}, ("name",)),
    "create_application": Fields({**_APPLICATION, **_FIRST}, _FIRST_REQUIRED),
    "update_application": Fields(_APPLICATION),
    "set_variables": Fields({"data": Kind(list)}, ("data",)),
    "variable": Fields(
        {"key": Kind(str, r"[A-Za-z_][A-Za-z0-9_.]*"), "value": _TEXT, **dict.fromkeys(_FLAGS, _FLAG)}, ("key",)
    ),
}
"""By what is asked for; `variable` is each entry of `set_variables`, where others are passed over, not refused."""

_U: Final = "([a-z0-9-]+)"
ROUTES: Final = (
    ("GET", "/servers", "servers"),
    ("GET", "/projects", "list_projects"),
    ("POST", "/projects", "create_project"),
    ("GET", f"/projects/{_U}", "project"),
    ("PATCH", f"/projects/{_U}", "update_project"),
    ("DELETE", f"/projects/{_U}", "delete_project"),
    ("POST", f"/projects/{_U}/environments", "create_environment"),
    ("GET", f"/projects/{_U}/{_U}", "environment"),
    ("DELETE", f"/projects/{_U}/environments/{_U}", "delete_environment"),
    ("POST", "/applications/private-deploy-key", "create_application"),
    ("GET", f"/applications/{_U}", "application"),
    ("PATCH", f"/applications/{_U}", "update_application"),
    ("DELETE", f"/applications/{_U}", "delete_application"),
    ("GET", f"/applications/{_U}/envs", "list_variables"),
    ("PATCH", f"/applications/{_U}/envs/bulk", "set_variables"),
    ("DELETE", f"/applications/{_U}/envs/{_U}", "delete_variable"),
)
"""Method, path, and what is asked for."""


def wrong_in(fields: Fields, body: Any, *, dropped: bool = False) -> Answer | None:
    """The refusal of a body; `dropped` where fields that are not known are passed over instead."""
    if not isinstance(body, dict):
        return 400, {"message": "Invalid request.", "error": "Invalid JSON."}
    given = cast("Record", body)
    errors = {key: ["This field is required."] for key in fields.required if given.get(key) in (None, "")}
    for key, value in given.items():
        if key not in fields.types:
            if not dropped:
                errors[key] = ["This field is not allowed."]
        elif value is not None and not fields.types[key].fits(value):
            errors[key] = [f"The {key} field is invalid."]
    return (422, {"message": "Validation failed.", "errors": errors}) if errors else None
