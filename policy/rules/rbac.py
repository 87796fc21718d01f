"""Who may do what with the cluster's API (SEC-2, SEC-6): what a program needs, named one by one."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, Value
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
_OF_NODES = frozenset({"nodes/log", "nodes/configz", "nodes/checkpoint"})
_PAGES = frozenset({"/metrics", "/metrics/slis", "/healthz", "/livez", "/readyz", "/version"})
_BECOMING = frozenset(
    {"pods", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "certificatesigningrequests/approval"}
)
_CLUSTER_WIDE = frozenset({"secrets", "configmaps", "pods/log"})
"""What programs keep to themselves: nobody reads it in all namespaces."""
ADMINS = frozenset({"cluster-admin", "admin", "edit"})
_EVERYBODY = ("system:authenticated", "system:unauthenticated", "system:anonymous", "system:serviceaccounts")


@resource_rule("role-narrow", requirements=("SEC-2", "SEC-6"), types=kinds.ROLES, severity=Severity.CRITICAL)
def role_narrow(resource: Resource) -> Iterator[Finding]:
    """A role names what it allows: no wildcard, no way to more rights, nobody's secrets, cluster-wide only to read."""
    cluster_wide = resource.type == kinds.ROLES[0]
    if resource.props.at("aggregationRule").present:
        yield resource.props.at("aggregationRule").wrong("takes in what others allow", "name the rules")
    if not cluster_wide and kinds.namespace_of(resource) == "kube-system":
        yield resource.props.at("metadata", "namespace").wrong("is that of the cluster's own parts", "use its own")
    for name, label in resource.props.at("metadata", "labels").entries():
        if name.startswith("rbac.authorization.k8s.io/aggregate-to-"):
            yield label.wrong(f"widens a role of the cluster ({name})", "remove it")
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
        yield from _resources(rule, cluster_wide=cluster_wide)


def _resources(rule: Value, *, cluster_wide: bool) -> Iterator[Finding]:
    for page in rule.at("nonResourceURLs").items():
        if page.text not in _PAGES and "*" not in page.text:
            yield page.wrong(f"is {page.text}, no page of figures", "remove it")
    writes = any(verb.text not in _READING for verb in rule.at("verbs").items())
    for each in rule.at("resources").items():
        if writes and each.text in _BECOMING:
            yield each.wrong(f"is {each.text}, by which one becomes another account", "remove it")
        elif each.text in _OPENING or (each.text in _CLUSTER_WIDE and cluster_wide):
            yield each.wrong(f"is {each.text}", "remove it")
        elif each.text in _OF_NODES or {"cert-manager.io", "cilium.io"} & set(rule.at("apiGroups").texts()):
            yield each.wrong(f"is {each.text}, which shows what is inside", "remove it")
        elif each.text == "secrets" and not rule.at("resourceNames").texts():
            yield each.wrong("is every secret of the namespace", "name them in resourceNames")


@stack_rule(
    "binding-narrow",
    requirements=("SEC-2", "SEC-6"),
    types=(*kinds.ROLE_BINDINGS, *kinds.ROLES, kinds.SERVICE_ACCOUNT_KUBERNETES),
    severity=Severity.CRITICAL,
)
def binding_narrow(stack: Stack) -> Iterator[Finding]:
    """A binding gives a role of the stack to a named account, and nobody becomes an administrator."""
    roles = {(each.type.rpartition(":")[2], each.props.at("metadata", "name").text) for each in stack.of(*kinds.ROLES)}
    accounts = {
        (kinds.namespace_of(each), each.props.at("metadata", "name").text)
        for each in stack.of(kinds.SERVICE_ACCOUNT_KUBERNETES)
    }
    bound: dict[tuple[str, str, str], Resource] = {}
    for binding in stack.of(*kinds.ROLE_BINDINGS):
        reference = binding.props.at("roleRef")
        name = reference.at("name")
        if name.text in ADMINS or name.text.startswith("system:"):
            yield name.wrong(f"is {name.text}", "give a role with what is needed")
        elif (reference.at("kind").text, name.text) not in roles:
            yield name.wrong(f"{name.text} is no role of the stack", "name one that is declared")
        place = binding.type, kinds.namespace_of(binding), name.text
        if bound.setdefault(place, binding) is not binding:
            yield name.wrong(f"{name.text} is bound already", "give each program a role of its own")
        subjects = list(binding.props.at("subjects").items())
        if len(subjects) > 1:
            yield binding.props.at("subjects").wrong("are several", "give each program a role of its own")
        for subject in subjects:
            who = subject.at("name")
            if who.text.startswith(_EVERYBODY):
                yield who.wrong(f"is {who.text}, which is everybody", "name the ServiceAccount")
            elif subject.at("kind").text != "ServiceAccount" or who.text.startswith("system:"):
                yield who.wrong(f"is {who.text}, no account of the stack", "name the ServiceAccount")
            elif who.text == "default":
                yield who.wrong("is what every pod of the namespace has", "give the program an account of its own")
            elif accounts and not _is_account(subject, accounts, kinds.namespace_of(binding)):
                yield who.wrong(
                    f"{who.text} is no account of the stack", "name one that is declared, and its namespace"
                )


def _is_account(subject: Value, accounts: set[tuple[str, str]], own: str) -> bool:
    """Whether a subject is declared; an account whose namespace is not known yet is known by its name."""
    name = subject.at("name").text
    namespace = subject.at("namespace").text or own
    return (namespace, name) in accounts or ("?", name) in accounts


_LONGEST_TOKEN = 24 * 3600


@stack_rule(
    "pod-token",
    requirements=("SEC-2", "SEC-6"),
    types=(*kinds.WORKLOADS, *kinds.ROLE_BINDINGS),
    severity=Severity.CRITICAL,
)
def pod_token(stack: Stack) -> Iterator[Finding]:
    """Only who has rights gets a token, for a day at most, and an account with rights is one program's."""
    bound = {
        subject.at("name").text
        for binding in stack.of(*kinds.ROLE_BINDINGS)
        for subject in binding.props.at("subjects").items()
    }
    users: dict[tuple[str, str], str] = {}
    for workload in stack.of(*kinds.WORKLOADS):
        pod = kinds.pod_spec(workload)
        account = pod.at("serviceAccountName")
        program = kinds.pod_template(workload).at("metadata", "labels", "app.kubernetes.io/name").text
        place = kinds.namespace_of(workload), account.text
        if account.text in bound and users.setdefault(place, program) != program:
            yield account.wrong(f"{account.text} is the account of {users[place]}", "give it one of its own")
        if account.text in bound and account.text not in {program, workload.name} and program not in account.text:
            yield account.wrong(f"{account.text} has rights that are another program's", "give it one of its own")
        for volume in pod.at("volumes").items():
            for source in volume.at("projected", "sources").items():
                token = source.at("serviceAccountToken")
                if token.present and account.text not in bound:
                    yield token.wrong("is of an account without rights", "remove it")
                if (token.at("expirationSeconds").number or 0) > _LONGEST_TOKEN:
                    yield token.at("expirationSeconds").wrong("is more than a day", "give 3600")


@resource_rule("secret-token", requirements=("SEC-2",), types=(kinds.SECRET,), severity=Severity.CRITICAL)
def secret_token(resource: Resource) -> Iterator[Finding]:
    """No Secret holds the token of an account, which would never end."""
    if resource.props.at("type").text == "kubernetes.io/service-account-token":
        yield resource.props.at("type").wrong("is a token that never ends", "have pods get one by a projected volume")


@resource_rule("account-token", requirements=("SEC-2",), types=(kinds.SERVICE_ACCOUNT_KUBERNETES,))
def account_token(resource: Resource) -> Iterator[Finding]:
    """No account gives its token to pods that did not ask for it."""
    if list(resource.props.at("secrets").items()):
        yield resource.props.at("secrets").wrong("are tokens that never end", "remove it")
    automount = resource.props.at("automountServiceAccountToken")
    if automount.flag is not False:
        yield automount.wrong("is not false", "set it to false")
