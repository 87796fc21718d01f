"""The way in: gateways, and what the outside sees of names, certificates and pages."""

from typing import Final

from components.observability.rules.model import Alert, Group
from components.observability.rules.past import DISCOVERY, errors
from settings import Settings

ERROR_RATIO: Final = 0.05
"""The same share as for a service (ALR-5)."""
LATENCY_SECONDS: Final = 2.5
"""A bound of Traefik's buckets would be 1.2 or 5; between them a page already feels broken."""
COMES_AND_GOES: Final = 2 / 3
"""Share of probes that succeed, below which it is as good as down, though never for long."""
CERTIFICATE_DAYS: Final = 14
"""Let's Encrypt's certificates are renewed 30 days before their end: two weeks later renewal is broken."""
CERTIFICATE_LAST_DAYS: Final = 3
"""Time enough to issue one by hand over a weekend."""
LEASE_SECONDS: Final = 60
"""kube-vip renews a lease every second, and another node takes it after five (`components.kubernetes.kube_vip`)."""


def groups(settings: Settings) -> list[Group]:
    """The alerts of the edge."""
    return [Group("edge", [*_gateways(settings), *_outside(), *_leases(settings)])]


def _gateways(settings: Settings) -> list[Alert]:
    # A gateway without any pod has no series that could be 0.
    absent = [
        f'(sum by (slot) (absent(up{{job="traefik",slot="{slot}"}}) - 1)) and on () {DISCOVERY}'
        for slot in settings.edge.gateways
    ]
    # As for a service: with a longer window a single error of a quiet hour would be told.
    requests = "sum by (slot) (increase(traefik_entrypoint_requests_total[2m]))"
    failed = 'traefik_entrypoint_requests_total{code=~"5.."}'
    bad = f"sum by (slot) ({errors(failed, '2m')})"
    buckets = "sum by (slot, le) (rate(traefik_entrypoint_request_duration_seconds_bucket[5m]))"
    return [
        Alert(
            "GatewayDown",
            " or ".join(['sum by (slot) (up{job="traefik"}) == 0', *absent]),
            severity="critical",
            kind="edge",
            owner="devops",
            summary="The {{ $labels.slot }} gateway does not answer",
            description="{{ $value }} of its pods have answered for 2 minutes; services that are live in this slot "
            "are not reachable.",
            pending="2m",
        ),
        Alert(
            "EdgeErrorRateHigh",
            f"{bad} / {requests} > {ERROR_RATIO}",
            severity="warning",
            kind="edge",
            owner="devops",
            summary="The {{ $labels.slot }} gateway answers with errors",
            description="{{ $value | humanizePercentage }} of all requests got an answer of class 5xx for 2 minutes.",
            pending="2m",
            dashboard="application-metrics",
        ),
        Alert(
            "EdgeLatencyHigh",
            f"histogram_quantile(0.95, {buckets}) > {LATENCY_SECONDS}",
            severity="warning",
            kind="edge",
            owner="devops",
            summary="The {{ $labels.slot }} gateway is slow",
            description="One request in 20 has taken longer than {{ $value | humanizeDuration }} for 10 minutes.",
            pending="10m",
            dashboard="application-metrics",
        ),
    ]


def _failing(job: str, by: str) -> str:
    """All probes of the last minutes failed, or so many of 10 minutes that it comes and goes for users."""
    success = f'probe_success{{job="{job}"}}'
    # One of the first probes that fails is no third.
    share = f"avg_over_time({success}[10m]) and present_over_time({success}[2m] offset 8m)"
    return f"{by} ({success}) == 0 or {by} ({share}) < {COMES_AND_GOES:.2f}"


def _outside() -> list[Alert]:
    # A probe that fails has no certificate: one that fails now and then must not begin the hour anew.
    left = "min by (instance) (last_over_time(probe_ssl_earliest_cert_expiry[10m])) - time()"
    # A server that gives no answer has the number 0, and an alert of its own.
    version = "max_over_time(probe_dns_serial[5m]) > 0"
    return [
        Alert(
            "SiteUnreachable",
            _failing("blackbox-https", "max by (instance, slot)"),
            severity="critical",
            kind="edge",
            owner="devops",
            summary="{{ $labels.instance }} is not reachable",
            description="The probe of its address has failed for 2 minutes, or a third of the time for 10 "
            "(success is {{ $value | humanizePercentage }}).",
            pending="2m",
            dashboard="application-metrics",
        ),
        Alert(
            "VirtualAddressUnreachable",
            _failing("blackbox-outside", "max by (instance, slot)"),
            severity="critical",
            kind="edge",
            owner="devops",
            summary="{{ $labels.instance }} is not reachable from outside of the cluster",
            description="No Docker host has had a connection to this virtual address for 2 minutes, or for a third of "
            "the time for 10 (success is {{ $value | humanizePercentage }}): no node announces it, though all within "
            "the cluster may be well.",
            pending="2m",
        ),
        Alert(
            "DnsLookupFailed",
            # The shop's name is the zone's as well: each question about a name has to be answered.
            _failing("blackbox-dns", "min by (instance, name)"),
            severity="critical",
            kind="edge",
            owner="devops",
            summary="{{ $labels.name }} is not resolved by {{ $labels.instance }}",
            description="The name server has given no right answer for 2 minutes, or to a third of the questions for "
            "10 (success is {{ $value | humanizePercentage }}).",
            pending="2m",
        ),
        Alert(
            "DnsServerBehind",
            f"max by (name) ({version}) - on (name) group_right () max by (instance, name) ({version}) > 0",
            severity="warning",
            kind="edge",
            owner="devops",
            summary="{{ $labels.instance }} has an old {{ $labels.name }}",
            description="For 10 minutes the zone's serial number there has been {{ $value }} less than another name "
            "server's: some users are led where a service was before.",
            pending="10m",
        ),
        Alert(
            "CertificateExpiresSoon",
            f"{left} < {CERTIFICATE_DAYS} * 86400",
            severity="warning",
            kind="edge",
            owner="devops",
            summary="The certificate of {{ $labels.instance }} was not renewed",
            description="It is valid for {{ $value | humanizeDuration }} more; renewal should have happened.",
            pending="1h",
        ),
        Alert(
            "CertificateExpiresNow",
            f"{left} < {CERTIFICATE_LAST_DAYS} * 86400",
            severity="critical",
            kind="edge",
            owner="devops",
            summary="The certificate of {{ $labels.instance }} is about to expire",
            description="It is valid for {{ $value | humanizeDuration }} more; then browsers refuse the page.",
            pending="10m",
        ),
    ]


def _leases(settings: Settings) -> list[Alert]:
    """Whoever holds a virtual address renews its lease, for the API server and for each gateway's Service.

    What kube-vip itself says (`kube_vip_is_leader`) is set when the work of a leader is done, so it is not asked.
    """
    if settings.kubernetes.mode != "k3s":
        return []
    names = "|".join(["plndr-cp-lock", *(f"kubevip-gateway-{slot}" for slot in settings.edge.gateways)])
    return [
        Alert(
            "VirtualAddressUnclaimed",
            f'time() - max by (namespace, lease) (kube_lease_renew_time{{lease=~"{names}"}}) > {LEASE_SECONDS}',
            severity="warning",
            kind="edge",
            owner="devops",
            summary="No node holds the virtual address of {{ $labels.lease }}",
            description="Its lease was renewed {{ $value | humanizeDuration }} ago, and another node would have taken "
            "it after seconds: kube-vip does not run, or waits for ever.",
            pending="1m",
            dashboard="control-plane",
        ),
    ]
