"""Who may do what with the cluster's API (SEC-2, SEC-6): what a program needs, named one by one."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding
from . import kinds

_ESCALATING = frozenset({"escalate", "bind", "impersonate"})
_READING = frozenset({"get", "list", "watch"})
_OPENING = frozenset(
    {
        "nodes/proxy",
        "pods/attach",
        "pods/exec",
        "pods/ephemeralcontainers",
        "pods/portforward",
        "pods/proxy",
        "serviceaccounts/token",
        "services/proxy",
    }
)
"""Resources by which one becomes another, or gets into what runs."""
_ADMINS = frozenset({"cluster-admin", "admin", "edit"})
_EVERYBODY = ("system:authenticated", "system:unauthenticated", "system:anonymous", "system:serviceaccounts")


@resource_rule("role-narrow", requirements=("SEC-2", "SEC-6"), types=kinds.ROLES, severity=Severity.CRITICAL)
def role_narrow(resource: Resource) -> Iterator[Finding]:
    """A role names what it allows: no wildcard, no way to more rights, nobody's secrets, cluster-wide only to read."""
    cluster_wide = resource.type == kinds.ROLES[0]
    for rule in resource.props.at("rules").items():
        for name in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
            for each in rule.at(name).items():
                if "*" in each.text:
                    yield each.wrong(f"is {each.text}", "name what is needed")
        for verb in rule.at("verbs").items():
            if verb.text in _ESCALATING:
                yield verb.wrong(f"is {verb.text}, a way to all rights", "remove it")
            elif cluster_wide and verb.text not in _READING and verb.text != "*":
                yield verb.wrong(f"is {verb.text} in every namespace", "use a Role in the namespace")
        for each in rule.at("resources").items():
            if each.text in _OPENING or (each.text == "secrets" and cluster_wide):
                yield each.wrong(f"is {each.text}", "remove it")
            elif each.text == "secrets" and not rule.at("resourceNames").texts():
                yield each.wrong("is every secret of the namespace", "name them in resourceNames")


@stack_rule(
    "binding-narrow",
    requirements=("SEC-2", "SEC-6"),
    types=(*kinds.ROLE_BINDINGS, *kinds.ROLES),
    severity=Severity.CRITICAL,
)
def binding_narrow(stack: Stack) -> Iterator[Finding]:
    """A binding gives a role of the stack to a named account, and nobody becomes an administrator."""
    roles = {(each.type.rpartition(":")[2], each.props.at("metadata", "name").text) for each in stack.of(*kinds.ROLES)}
    for binding in stack.of(*kinds.ROLE_BINDINGS):
        reference = binding.props.at("roleRef")
        name = reference.at("name")
        if name.text in _ADMINS or name.text.startswith("system:"):
            yield name.wrong(f"is {name.text}", "give a role with what is needed")
        elif (reference.at("kind").text, name.text) not in roles:
            yield name.wrong(f"{name.text} is no role of the stack", "name one that is declared")
        for subject in binding.props.at("subjects").items():
            who = subject.at("name")
            if who.text.startswith(_EVERYBODY):
                yield who.wrong(f"is {who.text}, which is everybody", "name the ServiceAccount")
            elif subject.at("kind").text == "ServiceAccount" and who.text == "default":
                yield who.wrong("is what every pod of the namespace has", "give the program an account of its own")


@resource_rule("account-token", requirements=("SEC-2",), types=(kinds.SERVICE_ACCOUNT_KUBERNETES,))
def account_token(resource: Resource) -> Iterator[Finding]:
    """No account gives its token to pods that did not ask for it."""
    automount = resource.props.at("automountServiceAccountToken")
    if automount.flag is not False:
        yield automount.wrong("is not false", "set it to false")


RULES = (role_narrow, binding_narrow, account_token)
