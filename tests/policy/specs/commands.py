"""Specs of policy/rules/commands.py, cluster.py and secret_texts.py: what steps on machines do."""

import versions
from policy.rules import kinds

from ..spec import DROP, Spec, declared, simple, wrong

_DC = kinds.DOCKER_CONTAINER
_COMMAND = kinds.COMMANDS[0]
_VERSION = "sudo bash -c 'VERSION=v1.36.5+k3s1'"


def _put(path: str, text: str) -> dict[str, object]:
    return {"create": f"put {path} 0600 <<END-OF-FILE\n{text}END-OF-FILE\n"}


_REGISTRIES = _put("/etc/rancher/k3s/registries.yaml", "mirrors:\n  x:\n    endpoint: ['https://x']\n")
_MANIFEST = "rules:\n- verbs: [get]\n  resources: [pods]\n  apiGroups: ['']\n"
_WHERE = "/var/lib/rancher/k3s/server/manifests/x.yaml"

_VIP = f"image: {next(each.reference for each in versions.TABLE if '/kube-vip:' in each.reference)}"
_CLAIMS = "{name: cp_enable, value: 'true'}"


def _pod(container: str) -> str:
    return f"spec: {{template: {{spec: {{containers: [{{{container}}}]}}}}}}\n"


SPECS = (
    simple(
        "command-verifies",
        _COMMAND,
        {"create": "curl https://x | cat"},
        ("create", "curl -k https://x", "create.curl"),
        ("create", "kubectl --insecure-skip-tls-verify get pods", "create.kubectl"),
        ("create", "wget --no-check-certificate https://x", "create.wget"),
        ("create", "ssh -o StrictHostKeyChecking=no x", "create.ssh"),
        ("create", "curl http://mirror.example.com", "create"),
        unknown=("create", "create"),
    ),
    simple(
        "command-downloads",
        _COMMAND,
        {"create": "curl --output x https://github.com/k3s-io/k3s/releases/download/v1/k3s\nsha256sum --check x"},
        ("create", "curl https://github.com/k3s-io/x | sh", "create"),
        ("create", "wget https://x.example.com/releases/download/x", "create"),
        ("create", "curl --output x https://x", "create"),
        unknown=("create", "create"),
    ),
    simple(
        "k3s-supported",
        _COMMAND,
        {"create": _VERSION},
        ("create", _VERSION.replace("1.36", "1.20"), "create"),
        unknown=("create", "create"),
    ),
    simple(
        "node-registries",
        _COMMAND,
        _REGISTRIES,
        (
            "create",
            _put("/etc/rancher/k3s/registries.yaml", "mirrors:\n  x:\n    endpoint: ['http://x']\n")["create"],
            "create.mirrors.x.endpoint[0]",
        ),
        (
            "create",
            _put("/etc/rancher/k3s/registries.yaml", "configs:\n  x:\n    tls:\n      insecure_skip_verify: true\n")[
                "create"
            ],
            "create.configs.x.tls.insecure_skip_verify",
        ),
        unknown=("create", "create"),
    ),
    simple(
        "node-manifests",
        _COMMAND,
        _put(_WHERE, _MANIFEST),
        ("create", _put(_WHERE, _MANIFEST.replace("pods", "secrets"))["create"], "create.rules[0].resources[0]"),
        ("create", _put(_WHERE, _MANIFEST.replace("get", "'*'"))["create"], "create.rules[0].verbs[0]"),
        ("create", _put(_WHERE, "roleRef: {name: cluster-admin}\n")["create"], "create.roleRef.name"),
        *(
            ("create", _put(_WHERE, _pod(text))["create"], f"create.spec.template.spec.containers[0].{place}")
            for text, place in (
                ("image: x.io/y:1", "image"),
                (f"{_VIP}, env: [{_CLAIMS}], securityContext: {{privileged: true}}", "securityContext.privileged"),
                (
                    f"{_VIP}, env: [{_CLAIMS}], securityContext: {{capabilities: {{add: [SYS_ADMIN]}}}}",
                    "securityContext.capabilities.add[0]",
                ),
                (f"{_VIP}, env: [{_CLAIMS.replace('true', 'false')}]", "env"),
                (f"{_VIP}, env: [{_CLAIMS}, {{name: vip_leaderelection, value: 'false'}}]", "env[1].value"),
                (f"{_VIP}, env: [{_CLAIMS}, {{name: vip_leaseduration, value: '600'}}]", "env[1].value"),
            )
        ),
        unknown=("create", "create"),
    ),
    simple(
        "command-quiet",
        _COMMAND,
        {"create": "cat", "stdin": "x", "logging": "none", "addPreviousOutputInEnv": False},
        ("logging", DROP, "logging"),
        ("addPreviousOutputInEnv", DROP, "addPreviousOutputInEnv"),
        unknown=("logging", "logging"),
    ),
    simple(
        "password-strength",
        kinds.RANDOM_PASSWORD,
        {"length": 32, "special": False},
        ("length", 8, "length"),
        ("lower", False, "lower"),
        unknown=("length", "length"),
    ),
    Spec(
        "text-secrets",
        passes=(
            (declared(kinds.POOL, {"comment": "Guests of the prod stack"}),),
            (declared(kinds.REMOTE_COMMANDS[0], {"triggers": [f"{'5d1e0c7a' * 8}"]}),),
        ),
        fails=(
            wrong((declared(kinds.POOL, {"comment": "password: hunter22"}),), "comment", never=("hunter22",)),
            wrong((declared(_DC, {"logOpts": {"splunk-token": "x1x1x1x1"}}),), "logOpts.splunk-token"),
        ),
        unknown=(),
    ),
)
