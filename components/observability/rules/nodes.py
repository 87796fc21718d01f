"""Nodes and machines, beyond how busy they are: kubelets, room for pods, kernel limits, units, the exporter itself."""

from functools import partial
from typing import Final

from components.observability.rules.model import Alert, Group
from settings import Settings

FLAPS: Final = 4
"""Changes between ready and not ready within an hour; a reboot makes two."""
PODS_RATIO: Final = 0.9
"""A rollout and the pods of a lost node want a tenth."""
PLEG_SECONDS: Final = 5.0
"""The kubelet looks at its containers every second; at 3 minutes it calls itself not ready."""
CERTIFICATE_DAYS: Final = 30
"""k3s renews at a restart what ends within 120 days: a node whose certificate is this old was not restarted since."""
THROTTLED_RATIO: Final = 0.25
CONNTRACK_RATIO: Final = 0.8
"""Above it a burst fills the table, and new connections are dropped without a word."""
COLLECTORS: Final = "filesystem|systemd|textfile|timex"
"""Collectors of the node exporter whose metrics alerts are made of, and which work on every machine."""

_HOST: Final = partial(Alert, kind="host", owner="devops", severity="warning", dashboard="kubernetes-nodes")
_NODE: Final = partial(Alert, kind="kubernetes", owner="devops", severity="warning", dashboard="kubernetes-nodes")
_ALIVE: Final = 'max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Running"}) == 1'
_CONTROL: Final = 'kube_node_spec_taint{key="node-role.kubernetes.io/control-plane"}'


def groups(_: Settings) -> list[Group]:
    """The alerts of nodes and machines."""
    return [Group("nodes", [*_nodes(), *_room(), *_machines()])]


def _by_host(expr: str) -> str:
    return f'label_replace({expr}, "host", "$1", "node", "(.+)")'


def _nodes() -> list[Alert]:
    ready = 'kube_node_status_condition{condition="Ready",status="true"}'
    pods = f"count by (node) (max by (namespace, pod, node) (kube_pod_info) and on (namespace, pod) ({_ALIVE}))"
    relist = "sum by (host, le) (rate(kubelet_pleg_relist_duration_seconds_bucket[5m]))"
    return [
        _NODE(
            "KubernetesNodeFlapping",
            _by_host(f"max by (node) (changes({ready}[1h])) >= {FLAPS}"),
            summary="Node {{ $labels.node }} comes and goes",
            description="It changed between ready and not ready {{ $value }} times within an hour; each time its pods "
            "leave the Services.",
        ),
        _NODE(
            "KubernetesNodePodsNearLimit",
            _by_host(f'{pods} / max by (node) (kube_node_status_allocatable{{resource="pods"}}) > {PODS_RATIO}'),
            summary="Node {{ $labels.node }} has nearly all the pods it may have",
            description="{{ $value | humanizePercentage }} of the pods that the kubelet takes are there.",
            pending="15m",
        ),
        _NODE(
            "KubeletPlegSlow",
            f"histogram_quantile(0.99, {relist}) > {PLEG_SECONDS}",
            summary="The kubelet of {{ $labels.host }} sees its containers late",
            description="A look at all containers has taken {{ $value | humanizeDuration }} for 10 minutes; after "
            "3 minutes the node counts as lost.",
            pending="10m",
        ),
        _NODE(
            "KubernetesNodeCertificateExpiring",
            f"min by (host, subject) (k3s_certificate_expiration_seconds) < {CERTIFICATE_DAYS} * 86400",
            summary="A certificate of k3s on {{ $labels.host }} expires soon",
            description="{{ $labels.subject }} is valid for {{ $value | humanizeDuration }} more; a restart of k3s "
            "renews it, unless it is an authority.",
            pending="1h",
        ),
    ]


def _room() -> list[Alert]:
    both = '{resource=~"cpu|memory"}'
    allocatable = f"(max by (node, resource) (kube_node_status_allocatable{both}) unless on (node) {_CONTROL})"
    wanted = (
        "sum by (resource) (max by (namespace, pod, container, node, resource)"
        f" (kube_pod_container_resource_requests{both})"
        f" and on (namespace, pod) ({_ALIVE}) unless on (node) {_CONTROL})"
    )
    # With one node there is nothing to move to, and nothing is promised.
    left = f"sum by (resource) ({allocatable}) - max by (resource) ({allocatable})"
    # On a node of the cluster `name` is the id of the container, new with each.
    waits = " or ".join(
        f"{_of_periods('throttled_periods', job, by)} / ({_of_periods('periods', job, by)} > 0) > {THROTTLED_RATIO}"
        for job, by in (("kubelet-cadvisor", "host, namespace, pod, container"), ("cadvisor", "host, name"))
    )
    return [
        _NODE(
            "ClusterOvercommitted",
            f"{wanted} / ({left} > 0) > 1",
            summary="The cluster cannot lose a node: {{ $labels.resource }}",
            description="Pods ask for {{ $value | humanizePercentage }} of what is left without the largest node; some "
            "would find no place.",
            pending="30m",
        ),
        _NODE(
            "ContainerThrottled",
            waits,
            severity="notice",
            owner="engineering",
            summary="{{ $labels.pod }}{{ $labels.name }} on {{ $labels.host }} is held back",
            description="In {{ $value | humanizePercentage }} of the periods of 15 minutes it reached its processor "
            "limit and had to wait.",
            pending="15m",
            dashboard="kubernetes-pods",
        ),
    ]


def _of_periods(what: str, job: str, by: str) -> str:
    return f'sum by ({by}) (rate(container_cpu_cfs_{what}_total{{job="{job}"}}[5m]))'


_READ_ONLY: Final = 'node_filesystem_readonly{fstype=~"ext[234]|xfs|btrfs",mountpoint!~"/boot.*"}'


def _machines() -> list[Alert]:
    return [
        _HOST(
            "FileSystemReadOnly",
            # A folder that is mounted read-only on purpose is of a device that is written elsewhere.
            f"{_READ_ONLY} == 1 unless on (host, device) {_READ_ONLY} == 0",
            severity="critical",
            summary="{{ $labels.mountpoint }} of {{ $labels.host }} cannot be written",
            description="{{ $labels.device }} has been read-only for 5 minutes (value {{ $value }}): most often the "
            "kernel found errors on the disk.",
            pending="5m",
        ),
        _HOST(
            "ConntrackNearLimit",
            f"node_nf_conntrack_entries / node_nf_conntrack_entries_limit > {CONNTRACK_RATIO}",
            summary="{{ $labels.host }} can follow few more connections",
            description="{{ $value | humanizePercentage }} of the kernel's table of connections is in use; when it is "
            "full, new ones are dropped.",
            pending="5m",
        ),
        _HOST(
            "SystemdUnitFailed",
            'node_systemd_unit_state{state="failed"} == 1',
            summary="{{ $labels.name }} of {{ $labels.host }} has failed",
            description="systemd gave the unit up more than 10 minutes ago (value {{ $value }}).",
            pending="10m",
        ),
        _HOST(
            "RebootWaiting",
            # A week is long: one scrape that fails within it must not begin it anew.
            "max by (host) (last_over_time(node_reboot_required[1h])) == 1",
            severity="notice",
            summary="{{ $labels.host }} waits for a reboot",
            description="An update that was installed a week ago works from the next boot on (value {{ $value }}).",
            pending="7d",
        ),
        _HOST(
            "TextfileCollectorFailing",
            # The second: two files tell the same, and one of them is left out.
            "node_textfile_scrape_error == 1 "
            'or rate(promhttp_metric_handler_errors_total{job="node",cause="gathering"}[5m]) > 0',
            summary="{{ $labels.host }} has a file of metrics that is refused",
            description="For 10 minutes files in /var/lib/node-exporter, or of backups, have been refused (value "
            "{{ $value }}); what they tell, such as the last backup, is not known, or is what somebody else tells.",
            pending="10m",
        ),
        _HOST(
            "NodeCollectorFailing",
            f'node_scrape_collector_success{{collector=~"{COLLECTORS}"}} == 0',
            severity="notice",
            summary="The node exporter of {{ $labels.host }} cannot read {{ $labels.collector }}",
            description="For 15 minutes the collector has failed (success {{ $value }}); alerts that are made of it "
            "are silent.",
            pending="15m",
        ),
    ]
