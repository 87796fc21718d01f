"""Specs of policy/rules/coolify.py."""

from __future__ import annotations

from typing import Any, Final

from policy.rules import kinds

from ..spec import UNKNOWN, Case, Spec, one, wrong

_RELEASE: Final = 'python -m release deploy storefront --stack staging --image "$RELEASE_IMAGE"'
_STAGING: Final[dict[str, Any]] = {
    "environment": "staging",
    "stack": "staging",
    "autoDeploy": True,
    "postDeployment": _RELEASE,
    "variables": {"NODE_ENV": "production", "TOKEN_TTL_SECONDS": "3600"},
}
_QUIET: Final = {"environment": "production", "autoDeploy": False, "postDeployment": None}


def _application(**edits: Any) -> Case:
    return one(kinds.COOLIFY_APPLICATION, {**_STAGING, **edits})


SPECS = (
    Spec(
        "coolify-production-approved",
        passes=(
            _application(),
            _application(**_QUIET),
            _application(stack="prod", autoDeploy=False, postDeployment=None),
            _application(postDeployment="echo done"),
        ),
        fails=(
            wrong(_application(**{**_QUIET, "autoDeploy": True}), "autoDeploy"),
            wrong(_application(environment="production", postDeployment=None), "autoDeploy"),
            wrong(_application(**{**_QUIET, "postDeployment": _RELEASE}), "postDeployment"),
            wrong(_application(stack="prod", postDeployment=None), "autoDeploy"),
            wrong(_application(postDeployment=_RELEASE.replace("--stack staging", "--stack prod")), "postDeployment"),
            wrong(_application(postDeployment=_RELEASE.replace("--stack staging", "--stack='prod'")), "postDeployment"),
        ),
        unknown=(
            wrong(_application(environment=UNKNOWN), "environment"),
            wrong(_application(**{**_QUIET, "autoDeploy": UNKNOWN}), "autoDeploy"),
        ),
    ),
    Spec(
        "coolify-variables-secrets",
        passes=(_application(), _application(variables={}), _application(variables={"API_KEY_FILE": "/run/key"})),
        fails=(
            wrong(
                _application(variables={"DATABASE_PASSWORD": "planted-value"}),
                "variables.DATABASE_PASSWORD",
                never=("planted-value",),
            ),
            wrong(_application(variables={"SHOP": "sk_live_0123456789abcdefgh"}), "variables.SHOP", never=("sk_live",)),
            wrong(_application(postDeployment="curl -H sk_live_0123456789abcdefgh"), "postDeployment"),
        ),
        unknown=(wrong(_application(variables={"DATABASE_PASSWORD": UNKNOWN}), "variables.DATABASE_PASSWORD"),),
    ),
)
