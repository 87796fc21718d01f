# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""Users, their policies and keys."""

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, operation
from sandbox.providers.handlers import OnServer
from sandbox.providers.minio import policy_documents
from sandbox.providers.minio.client import Client
from sandbox.providers.rules import Rule, matching, not_empty

USER_NAME = matching(r"[0-9A-Za-z=,.@\-_+]+", "a user name (letters, digits and = , . @ - _ +)")
NO_USER = "XMinioAdminNoSuchUser"
NO_POLICY = "XMinioAdminNoSuchPolicy"
NO_KEY = ("XMinioAdminServiceAccountNotFound", "XMinioInvalidIAMCredentials", "XMinioAdminNoSuchAccessKey")


POLICY_NAME = matching(r"[\w+=,.@:-]{1,96}", "a policy name (at most 96 letters, digits and + = , . @ : - _)")
SECRET = matching(r"(?s).{8,128}", "of 8 to 128 characters").unnamed()
DOCUMENT = Rule("a policy document (JSON) with statements", policy_documents.problem)


class _Iam(OnServer[Client]):
    """What users, policies and keys share."""

    def _user(self, name: str) -> dict[str, Any] | None:
        """What the server knows of a user; None if there is none."""
        return self.api.admin(f"user {name}", lambda admin: admin.user_info(name), NO_USER)


class Users(_Iam):
    """`IamUser`."""

    identity = "{name}"
    rules: ClassVar[Mapping[str, Rule]] = {"name": USER_NAME, "secret": SECRET}
    needed = ("name", "secret")
    replacing = ("name",)
    secrets = frozenset({"secret"})

    def computed(self, inputs: Properties) -> Properties:
        """It may log in."""
        return {"status": "enabled"}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the user."""
        user = str(inputs["name"])
        if self._user(user) is not None:
            raise ProviderError(f"user {user} already exists at {self.api.settings.url}; choose another name")
        return user, self.update(user, {}, inputs)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The user, if it is there; as with the official plugin, that it was disabled is an output, no change."""
        found = self._user(resource_id)
        if found is None:
            return None
        live = {**inputs, "name": resource_id}
        return live, {**outputs, **live, "status": found.get("status", "enabled")}

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Set the password, with which a user that was disabled may log in again."""
        secret = str(new["secret"])
        self.api.admin(f"user {resource_id}", lambda admin: admin.user_add(resource_id, secret))
        return {"status": "enabled", **new}

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the user with its keys."""
        self.api.admin(f"user {resource_id}", lambda admin: admin.user_remove(resource_id), NO_USER)


class Policies(_Iam):
    """`IamPolicy`."""

    identity = "{name}"
    rules: ClassVar[Mapping[str, Rule]] = {"name": POLICY_NAME, "policy": DOCUMENT}
    needed = ("name",)
    replacing = ("name",)
    read_back = ("policy",)

    def equal(self, path: str, old: Any, new: Any) -> bool:
        """Documents that mean the same are the same."""
        return path == "policy" and policy_documents.equivalent(old, new)

    def _live(self, name: str) -> str | None:
        found = self.api.admin(f"policy {name}", lambda admin: admin.policy_info(name), NO_POLICY)
        return None if found is None else json.dumps(found)

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the policy."""
        policy = str(inputs["name"])
        if self._live(policy) is not None:
            raise ProviderError(f"policy {policy} already exists; choose another name")
        self._put(policy, inputs)
        return policy, dict(inputs)

    def _put(self, name: str, inputs: Properties) -> None:
        document = policy_documents.parse(inputs["policy"])
        self.api.admin(f"policy {name}", lambda admin: admin.policy_add(name, policy=document))

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The policy as it is now."""
        found = self._live(resource_id)
        if found is None:
            return None
        same = policy_documents.equivalent(inputs.get("policy"), found)
        live = {**inputs, "name": resource_id, "policy": inputs["policy"] if same else found}
        return live, dict(live)

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the policy."""
        self._put(resource_id, new)
        return dict(new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the policy."""
        self.api.admin(f"policy {resource_id}", lambda admin: admin.policy_remove(resource_id), NO_POLICY)


class UserPolicies(_Iam):
    """`IamUserPolicyAttachment`."""

    identity = "{userName}-{policyName}"
    rules: ClassVar[Mapping[str, Rule]] = {"policyName": POLICY_NAME, "userName": USER_NAME}
    replacing = ("policyName", "userName")

    def __init__(self, client: Callable[[], Client]) -> None:
        super().__init__(client)
        self._setting = threading.Lock()

    def _subject(self, inputs: Properties) -> str:
        return f"policy {inputs['policyName']} of user {inputs['userName']}"

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Attach the policy."""
        self._set(inputs, lambda attached: [*attached, str(inputs["policyName"])])
        return self.id(inputs), dict(inputs)

    def _set(self, inputs: Properties, change: Callable[[list[str]], list[str]]) -> None:
        """Change a user's policies, one change after the other: the server knows only the whole list.

        (Its calls to attach and detach single policies cost a second each.) A disabled user has to be enabled for the
        moment: for the server it does not exist.
        """
        user, client, subject = str(inputs["userName"]), self.api, self._subject(inputs)
        with self._setting:
            found = self._user(user)
            before = _policies(found)
            after = ",".join(dict.fromkeys(change(before)))
            if after == ",".join(before):
                return
            disabled = found is not None and found.get("status") == "disabled"
            if disabled:
                client.admin(subject, lambda admin: admin.user_enable(user))
            try:
                client.admin(subject, lambda admin: admin.policy_set(after, user=user))
            finally:
                if disabled:
                    client.admin(subject, lambda admin: admin.user_disable(user))

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The attachment, if it is there."""
        if not inputs:
            raise ProviderError(f"attachment {resource_id} cannot be imported; declare it and let it be made")
        attached = str(inputs["policyName"]) in _policies(self._user(str(inputs["userName"])))
        return (inputs, dict(inputs)) if attached else None

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Detach the policy."""
        user, policy = str(outputs["userName"]), str(outputs["policyName"])
        if self._user(user) is not None:
            self._set(outputs, lambda attached: [name for name in attached if name != policy])


def _policies(user: Mapping[str, Any] | None) -> list[str]:
    """The names of a user's policies."""
    return [policy for policy in str((user or {}).get("policyName") or "").split(",") if policy]


class ServiceAccounts(_Iam):
    """`IamServiceAccount`: a key of a user, with a policy of its own."""

    rules: ClassVar[Mapping[str, Rule]] = {"policy": DOCUMENT, "targetUser": not_empty}
    # Without a policy of its own the official plugin sees a difference on every run.
    needed = ("policy",)
    replacing = ("targetUser",)
    read_back = ("disableUser", "policy", "targetUser")
    secrets = frozenset({"secretKey"})

    def equal(self, path: str, old: Any, new: Any) -> bool:
        """Documents that mean the same are the same."""
        return path == "policy" and policy_documents.equivalent(old, new)

    def computed(self, inputs: Properties) -> Properties:
        """The key is made by the server."""
        return {"accessKey": UNKNOWN, "secretKey": UNKNOWN, "status": "on"}

    def _subject(self, inputs: Properties) -> str:
        return f"key of user {inputs['targetUser']}"

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Make the key."""
        made = self.api.add_service_account(
            self._subject(inputs), targetUser=inputs["targetUser"], policy=policy_documents.parse(inputs["policy"])
        )
        key = str(made["accessKey"])
        return key, self._outputs(inputs, key, str(made["secretKey"]))

    def _outputs(self, inputs: Properties, key: str, secret: str) -> Properties:
        return {"status": "on", **inputs, "accessKey": key, "secretKey": secret}

    def _live(self, key: str) -> dict[str, Any] | None:
        return self.api.admin(f"key {key}", lambda admin: admin.get_service_account(key), *NO_KEY)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The key as it is now; its secret cannot be read."""
        found = self._live(resource_id)
        if found is None:
            return None
        said = found.get("policy")
        text = said if isinstance(said, str) else json.dumps(said)
        same = policy_documents.equivalent(inputs.get("policy"), text)
        live = {**inputs, "targetUser": found["parentUser"], "policy": inputs["policy"] if same else text}
        if found.get("accountStatus") == "off":
            live["disableUser"] = True
        return live, self._outputs(live, resource_id, str(outputs.get("secretKey") or ""))

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Change the policy; a key that was disabled works again."""
        document = policy_documents.parse(new["policy"])
        self.api.admin(
            self._subject(new),
            lambda admin: admin.update_service_account(access_key=resource_id, policy=document, status="on"),
        )
        return self._outputs(new, resource_id, str(operation().outputs.get("secretKey") or ""))

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the key."""
        if self._live(resource_id) is None:
            return
        self.api.admin(f"key {resource_id}", lambda admin: admin.delete_service_account(resource_id))
