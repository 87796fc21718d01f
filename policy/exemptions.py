"""The allow-list: places where a rule does not hold, each with its reason. An entry that nothing needs fails a test."""

from __future__ import annotations

from .exempting import Covers, Exemption

_CHART = "certificates-cert-manager-chart:*"
"""What cert-manager's own chart makes; it has no values for these things."""
_OF_CHART = (
    (
        "role-narrow",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        "rules*",
        "cert-manager writes the Secrets of certificates in every namespace; that is what it is for (SEC-1)",
    ),
    (
        "role-narrow",
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        "rules*",
        "cert-manager's webhook makes the Secret of its own certificate, whose name a creation cannot be bound to",
    ),
    (
        "account-token",
        "kubernetes:core/v1:ServiceAccount",
        "automountServiceAccountToken",
        "the pods themselves refuse it, and get a token of one hour",
    ),
    *(
        (
            rule,
            "kubernetes:apps/v1:Deployment",
            path,
            "no user waits for cert-manager: a certificate that is renewed a minute later is renewed 30 days early",
        )
        for rule, path in (
            ("workload-rollout", "spec.*"),
            ("workload-ends-in-order", "spec.template.spec.*"),
            ("workload-spread", "spec.template.spec.topologySpreadConstraints"),
        )
    ),
)

EXEMPTIONS: tuple[Exemption, ...] = (
    *(Exemption(rule, type_, _CHART, path, Covers.VIOLATION, reason) for rule, type_, path, reason in _OF_CHART),
    Exemption(
        rule="kubernetes-provider-tls",
        type="pulumi:providers:kubernetes",
        name="kubernetes",
        path="kubeconfig",
        covers_what=Covers.UNKNOWN,
        reason=(
            "before the first update of a stack there is no cluster, so no kubeconfig; the update fetches it, and this "
            "rule judges it before anything is made with it"
        ),
    ),
    Exemption(
        rule="remote-command-host-key",
        type="command:remote:Command",
        name="*",
        path="connection",
        covers_what=Covers.UNKNOWN,
        reason=(
            "before the first update there is no machine, so no key of it, and a connection is one secret, unknown as "
            "a whole; the update asks the machine's hypervisor for the key, and this rule judges it before anybody "
            "logs in"
        ),
    ),
    *(
        Exemption(
            rule=rule,
            type="command:remote:Command",
            name="observability-*-agents",
            path="create",
            covers_what=Covers.UNKNOWN,
            reason=(
                "before the first update there is no private CA, whose certificate the script writes down; the update "
                "makes it, and this rule judges the script before it is run"
            ),
        )
        for rule in (
            "command-secrets",
            "command-verifies",
            "command-downloads",
            "cluster-hardened",
            "k3s-supported",
            "node-registries",
            "node-manifests",
            "k3s-told",
            "machine-updates-known",
            "log-lines-masked",
            "log-lines-kept",
            "log-agents-send",
        )
    ),
    Exemption(
        rule="gateway-backends",
        type="kubernetes:core/v1:ConfigMap",
        name="gateway-*-routing",
        path='data["routing.yaml"].http.services.registry-*.loadBalancer.servers[*].url',
        covers_what=Covers.VIOLATION,
        reason=(
            "distribution would need a certificate of its own on the Docker host; its firewall lets only the nodes of "
            "the cluster reach it (SEC-6), and clients speak TLS with the gateways"
        ),
    ),
    *(
        Exemption(
            rule,
            "docker:index/container:Container",
            "database-gateway-run-luxima-container",
            "uploads[*].content",
            Covers.UNKNOWN,
            "before the first update there are no keys of applications, which its routes ask for; the update makes "
            "them, and this rule judges the document before the gateway is started",
        )
        for rule in (
            *("document-readable", "client-verifies", "document-plain-http", "document-secrets"),
            *("database-routes", "docker-gateway", "gateway-backends", "gateway-inside", "gateway-told"),
            *("log-lines-masked", "log-lines-kept", "log-agents-send", "probes-mean-it"),
        )
    ),
    Exemption(
        rule="backup-encrypted",
        type="docker:index/container:Container",
        name="backup-*-database-files-container",
        path="uploads[*].content",
        covers_what=Covers.UNKNOWN,
        reason=(
            "before the first update there is no key to the folder of backups, which pgBackRest is told in one file "
            "with the rest; the update makes it, and this rule judges the file before it is written"
        ),
    ),
    *(
        Exemption(
            rule=rule,
            type="docker:index/container:Container",
            name=f"backup-*-{kind}-files-container",
            path="uploads[*].content",
            covers_what=Covers.UNKNOWN,
            reason=(
                "before the first update there is no key to the buckets, which the program is told in one file with "
                "the rest; the update makes it, and this rule judges the file before it is written"
            ),
        )
        for rule, kind in (
            ("backup-kept", "database"),
            *((rule, kind) for rule in ("copies-encrypted", "remotes-verified") for kind in ("logs", "object-storage")),
        )
    ),
    Exemption(
        rule="docker-provider-tls",
        type="pulumi:providers:docker",
        name="docker-*",
        path="registryAuth",
        covers_what=Covers.UNKNOWN,
        reason=(
            "before the first update there is no password of the registry, and a provider is told everything of it as "
            "one text; the update makes it, and this rule judges the address before an image is asked for"
        ),
    ),
    Exemption(
        rule="gateway-backends",
        type="kubernetes:core/v1:ConfigMap",
        name="gateway-*-routing",
        path='data["routing.yaml"].http.services.coolify*.loadBalancer.servers[*].url',
        covers_what=Covers.VIOLATION,
        reason=(
            "Coolify speaks plain HTTP on its Docker host; its firewall lets only the nodes of the cluster reach it "
            "(SEC-6), and people, GitHub and programs speak TLS with the gateways"
        ),
    ),
    Exemption(
        rule="docker-read-only",
        type="docker:index/container:Container",
        name="coolify-coolify-container",
        path="readOnly",
        covers_what=Covers.VIOLATION,
        reason=(
            "Coolify's image writes the configuration of nginx and PHP into itself at each start; its other three "
            "containers are read-only, and this one is not root and has no capability"
        ),
    ),
    Exemption(
        rule="annotation-secrets",
        type="kubernetes:apps/v1:Deployment",
        name="service-*-deployment",
        path='spec.template.metadata.annotations["luxima.id/storage-key-id"]',
        covers_what=Covers.UNKNOWN,
        reason=(
            "the id of the key with which a service uses its bucket, made by the first update; it is no secret, "
            "and the pods have to be rolled when it changes"
        ),
    ),
    Exemption(
        rule="docker-host-access",
        type="docker:index/container:Container",
        name="observability-*-node-exporter-container",
        path="networkMode",
        covers_what=Covers.VIOLATION,
        reason=(
            "the node exporter measures the host's network interfaces (MON-2); it listens on the private address only, "
            "runs as nobody and has no capability"
        ),
    ),
    Exemption(
        rule="docker-host-access",
        type="docker:index/container:Container",
        name="observability-*-node-exporter-container",
        path="mounts[0].source",
        covers_what=Covers.VIOLATION,
        reason=(
            "the node exporter measures the host's file systems (MON-2); the mount is read-only, and nobody, as whom "
            "it runs, can read no file that is not everybody's"
        ),
    ),
    Exemption(
        rule="docker-non-root",
        type="docker:index/container:Container",
        name="observability-*-log-agent-container",
        path="user",
        covers_what=Covers.VIOLATION,
        reason=(
            "Docker lets only root read the containers' logs (LOG-7); the agent has no capability, so it is root "
            "over nothing but files that are root's"
        ),
    ),
    Exemption(
        rule="namespace-pod-security",
        type="kubernetes:core/v1:Namespace",
        name="namespace-node-agents-namespace",
        path='metadata.labels["pod-security.kubernetes.io/enforce"]',
        covers_what=Covers.VIOLATION,
        reason=(
            "what runs here reads its node's logs and figures (LOG-7, MON-2), and baseline allows no folder of the "
            "node; every other rule on workloads holds, and its exceptions are listed one by one"
        ),
    ),
    Exemption(
        rule="workload-host-access",
        type="kubernetes:apps/v1:DaemonSet",
        name="observability-node-exporter-daemon-set",
        path="spec.template.spec.hostNetwork",
        covers_what=Covers.VIOLATION,
        reason=(
            "the node exporter measures the node's network interfaces (MON-2); it runs as nobody and has no "
            "capability, and its port is the one that Prometheus asks"
        ),
    ),
    Exemption(
        rule="workload-host-access",
        type="kubernetes:apps/v1:DaemonSet",
        name="observability-node-exporter-daemon-set",
        path="spec.template.spec.volumes[1].hostPath",
        covers_what=Covers.VIOLATION,
        reason=(
            "the node exporter measures the node's file systems (MON-2); the mount is read-only, and the user that it "
            "runs as can read no file that is not everybody's"
        ),
    ),
    Exemption(
        rule="workload-host-access",
        type="kubernetes:apps/v1:DaemonSet",
        name="observability-log-agent-daemon-set",
        path="spec.template.spec.volumes[*].hostPath",
        covers_what=Covers.VIOLATION,
        reason=(
            "the log agent reads what containers and the node write (LOG-7): two folders of logs and the "
            "node's id, read-only, and a folder of its own in which it keeps how far it has read"
        ),
    ),
    *(
        Exemption(
            rule="workload-non-root",
            type="kubernetes:apps/v1:DaemonSet",
            name="observability-log-agent-daemon-set",
            path=f"spec.template.spec.{path}",
            covers_what=Covers.VIOLATION,
            reason=(
                "the kubelet lets only root read the containers' logs (LOG-7); the agent has no capability, so it is "
                "root over nothing but files that are root's"
            ),
        )
        for path in ("securityContext.runAsUser", "containers[0].securityContext.runAsNonRoot")
    ),
    Exemption(
        rule="annotation-secrets",
        type="kubernetes:apps/v1:StatefulSet",
        name="observability-*-stateful-set",
        path='spec.template.metadata.annotations["luxima.id/storage-key-id"]',
        covers_what=Covers.UNKNOWN,
        reason=(
            "the id of the key with which Loki or Tempo uses its bucket, made by the first update; it is no secret, "
            "and the pods have to be rolled when it changes"
        ),
    ),
)
