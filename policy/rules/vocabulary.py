"""What pods, containers and machines are told is what rules of this pack read; nothing beside it is said."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from ..judging import Resource, resource_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .documents import LOKI, TEMPO, of_resource

Words = Mapping[str, frozenset[str]]
"""Where (lists have the place of what holds them), and what may be said there; deeper places are not looked at."""


def _words(**places: str) -> Words:
    return {
        "" if place == "_" else place.replace("__", "/"): frozenset(words.split()) for place, words in places.items()
    }


_PROBE = (
    "httpGet tcpSocket grpc exec initialDelaySeconds periodSeconds timeoutSeconds successThreshold failureThreshold"
)
_POD = _words(
    _="automountServiceAccountToken containers initContainers enableServiceLinks hostNetwork hostPID hostIPC "
    "imagePullSecrets priorityClassName securityContext serviceAccountName terminationGracePeriodSeconds tolerations "
    "topologySpreadConstraints volumes nodeSelector affinity restartPolicy dnsPolicy",
    securityContext="fsGroup runAsGroup runAsNonRoot runAsUser seccompProfile supplementalGroups",
    topologySpreadConstraints="labelSelector maxSkew topologyKey whenUnsatisfiable matchLabelKeys",
    **{
        f"{each}{place}": words
        for each in ("containers", "initContainers")
        for place, words in {
            "": "args env image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resources "
            "securityContext startupProbe volumeMounts",
            "__lifecycle": "preStop",
            "__lifecycle__preStop": "sleep",
            "__livenessProbe": _PROBE,
            "__readinessProbe": _PROBE,
            "__startupProbe": _PROBE,
            "__ports": "containerPort name protocol hostPort",
            "__volumeMounts": "mountPath mountPropagation name readOnly subPath",
            "__env": "name value valueFrom",
        }.items()
    },
)
_CONTAINER = _words(
    _="capabilities command containerReadRefreshTimeoutMilliseconds destroyGraceSeconds entrypoints envs healthcheck "
    "hostname hosts image labels logDriver logOpts memory memorySwap mounts mustRun name networkMode networksAdvanced "
    "ports readOnly restart securityOpts start tmpfs uploads user wait waitTimeout",
    healthcheck="interval retries startPeriod tests timeout",
    logOpts="max-file max-size tag",
    mounts="bindOptions readOnly source target type volumeOptions",
    networksAdvanced="aliases name",
    ports="external internal ip protocol",
    uploads="content file permissions",
)
_VM = _words(
    _="agent cpu description disks initialization machine memory migrate name networkDevices nodeName onBoot "
    "operatingSystem poolId scsiHardware serialDevices started startup stopOnDestroy tags vmId protection",
    agent="enabled timeout trim",
    cpu="cores sockets type",
    disks="datastoreId discard importFrom interface iothread size ssd",
    initialization="datastoreId dns interface ipConfigs userAccount userDataFileId",
    initialization__ipConfigs="ipv4",
    memory="dedicated",
    networkDevices="bridge firewall model vlanId",
)
_LXC = _words(
    _="cpu description disk initialization memory networkInterfaces nodeName operatingSystem poolId startOnBoot "
    "started startup tags unprivileged vmId protection features",
    cpu="cores",
    disk="datastoreId size",
    initialization="dns hostname ipConfigs userAccount",
    initialization__ipConfigs="ipv4",
    memory="dedicated swap",
    networkInterfaces="bridge firewall name vlanId",
)
_SERVICE = _words(
    _="allocateLoadBalancerNodePorts clusterIP externalTrafficPolicy ports publishNotReadyAddresses selector type "
    "externalIPs internalTrafficPolicy loadBalancerSourceRanges",
    ports="name port protocol targetPort nodePort",
)
_CHART = _words(
    _="automountServiceAccountToken cainjector crds global podDisruptionBudget replicaCount resources startupapicheck "
    "volumeMounts volumes webhook",
    crds="enabled keep",
    **{
        "global": "commonLabels leaderElection priorityClassName",
        **dict.fromkeys(
            ("cainjector", "webhook"),
            "automountServiceAccountToken podDisruptionBudget replicaCount resources volumeMounts volumes",
        ),
    },
)
_IMAGE = _words(_="keepLocally name")
_DOCUMENTS: Mapping[str, Words] = {
    LOKI: _words(
        _="auth_enabled server common memberlist schema_config storage_config ingester compactor ruler runtime_config "
        "limits_config analytics",
        server="http_listen_port grpc_listen_port log_level log_format http_server_read_timeout "
        "http_server_write_timeout grpc_server_max_recv_msg_size grpc_server_max_send_msg_size",
        common="path_prefix replication_factor ring storage",
        common__ring="kvstore",
        memberlist="bind_port join_members abort_if_cluster_join_fails cluster_label rejoin_interval",
        ingester="chunk_encoding chunk_idle_period max_chunk_age flush_check_period autoforget_unhealthy wal",
        ingester__wal="enabled dir flush_on_shutdown replay_memory_ceiling",
        storage_config="tsdb_shipper",
        compactor="working_directory compaction_interval retention_enabled retention_delete_delay delete_request_store",
        ruler="storage rule_path wal evaluation_interval enable_api enable_sharding alertmanager_url "
        "enable_alertmanager_v2 external_url datasource_uid external_labels remote_write",
        limits_config="retention_period retention_stream deletion_mode max_global_streams_per_user "
        "ingestion_rate_strategy ingestion_rate_mb ingestion_burst_size_mb per_stream_rate_limit "
        "per_stream_rate_limit_burst max_line_size max_line_size_truncate max_label_names_per_series "
        "max_label_value_length reject_old_samples reject_old_samples_max_age creation_grace_period "
        "discover_service_name discover_log_levels allow_structured_metadata volume_enabled query_timeout "
        "max_query_length max_query_series split_queries_by_interval",
    ),
    TEMPO: _words(
        _="stream_over_http_enabled multitenancy_enabled server distributor memberlist ingester compactor "
        "metrics_generator storage overrides usage_report",
        server="http_listen_port grpc_listen_port log_level log_format",
        distributor="receivers",
        ingester="max_block_duration complete_block_timeout",
        compactor="compaction",
        overrides="defaults",
        overrides__defaults="ingestion global metrics_generator",
        overrides__defaults__ingestion="rate_strategy rate_limit_bytes burst_size_bytes max_traces_per_user",
    ),
}
_USER = _words(_="name secret")


def _places(resource: Resource) -> tuple[Value, Words]:
    if resource.type in kinds.WORKLOADS:
        return kinds.pod_spec(resource), _POD
    if resource.type == kinds.SERVICE:
        return resource.props.at("spec"), _SERVICE
    if resource.type == kinds.HELM_CHART:
        own = resource.props.at("chart").text == "cert-manager"
        return resource.props.at("values"), _CHART if own else {}
    said = {
        kinds.DOCKER_CONTAINER: _CONTAINER,
        kinds.VM: _VM,
        kinds.LXC: _LXC,
        kinds.DOCKER_IMAGE: _IMAGE,
        kinds.IAM_USER: _USER,
    }
    return resource.props, said[resource.type]


def _is_said(value: Value) -> bool:
    with contextlib.suppress(UnevaluableError):
        return any(leaf.text for leaf in value.leaves())
    return True


def unread(value: Value, known: Words, place: str = "") -> Iterator[Value]:
    """What is said at a place and nobody reads; neither what a provider adds by itself nor what is empty."""
    words = known.get(place)
    if words is None:
        return
    added = {"__defaults", *value.at("__defaults").texts()}
    for name, entry in value.entries():
        if name not in words and name not in added and _is_said(entry):
            yield entry
        below = f"{place}/{name}".strip("/")
        for each in _each(entry) if name in words and below in known else ():
            yield from unread(each, known, below)


def _each(entry: Value) -> Iterator[Value]:
    """The elements of a list; what is none stands for itself."""
    try:
        yield from entry.items()
    except UnevaluableError:
        yield entry


@resource_rule(
    "properties-known",
    requirements=("SEC-2", "SEC-6", "ENV-4", "INF-1"),
    types=(
        *kinds.WORKLOADS,
        kinds.SERVICE,
        kinds.HELM_CHART,
        kinds.DOCKER_CONTAINER,
        kinds.DOCKER_IMAGE,
        kinds.VM,
        kinds.LXC,
        kinds.IAM_USER,
    ),
)
def properties_known(resource: Resource) -> Iterator[Finding]:
    """Pods, containers and machines are told nothing that no rule reads: commands, hooks, limits, devices, names."""
    value, known = _places(resource)
    for each in unread(value, known):
        yield each.wrong("is read by no rule", "remove it, or let a rule of policy/rules know it")


@resource_rule("documents-known", requirements=("LOG-1", "LOG-2", "LOG-6", "MON-4"), types=(kinds.CONFIG_MAP,))
def documents_known(resource: Resource) -> Iterator[Finding]:
    """Loki and Tempo are told nothing that no rule reads: parts that wait, forget, or answer one question at a time."""
    for document in of_resource(resource):
        known = _DOCUMENTS.get(document.kind)
        for each in unread(document.content, known) if known else ():
            yield each.wrong("is read by no rule", "remove it, or let a rule of policy/rules know it")
