"""What a release does to users: errors per slot, comparison with the same hour of the days before (REL-6)."""

from collections.abc import Mapping
from typing import Final

from components.observability.rules.model import Alert, Group, Recording
from components.observability.rules.past import errors, known
from components.observability.rules.users import USERS
from settings import Settings
from settings.guard import Limits

FACTOR: Final = 1.5
"""REL-6: over one and a half times the usual is told."""
DAYS: Final = 7
"""REL-6: the usual is the median of the same hour over 7 days."""
FLOORS: Final[Mapping[str, float]] = {"p50": 0.05, "p95": 0.1, "rate": 1, "errors": 0.01}
"""Values by signal below which no factor matters: seconds, seconds, requests a second, share of requests."""

ANNOUNCED: Final = (
    Alert(
        "ReleaseRolledBack",
        "vector(1)",
        severity="critical",
        kind="release",
        owner="engineering",
        summary="A release was taken back",
        description="The release tool, or the guard in the cluster, led users back to the slot before.",
        dashboard="releases",
    ),
)
"""Alerts that no rule fires: the release tool tells them to Alertmanager by itself."""


def groups(settings: Settings) -> list[Group]:
    """The alerts of releases, the signals they compare, and the comparison every 30 minutes."""
    return [
        Group("release-state", _state()),
        # A shadow is compared, as every candidate; what it is compared with is what users had.
        Group(
            "release-signals",
            [*_signals("slot", "service_name, slot"), *_signals("service", "service_name", USERS)],
            "1m",
        ),
        Group("releases", _alerts(settings.guard_limits)),
        Group("release-baseline", _baseline(settings.guard_limits), "30m"),
    ]


def _state() -> list[Recording]:
    """What is live, by what the name server answers, and what is on probation, by the guards that run.

    Nobody has to write these down, so they cannot be wrong after a hand has changed something.
    """
    # Every Job has such a series; only a guard's says what it guards.
    guarded = 'kube_job_labels{label_luxima_id_guarded_service!="",label_luxima_id_guarded_slot!=""}'
    for label in ("service", "slot"):
        guarded = f'label_replace({guarded}, "{label}", "$1", "label_luxima_id_guarded_{label}", "(.+)")'
    active = "on (namespace, job_name) (kube_job_status_active > 0)"
    return [
        Recording(
            "release_live_slot_info", 'max by (environment, service, slot) (probe_success{job="live-slot"}) == 1'
        ),
        Recording("release_probation", f"max by (environment, service, slot) ({guarded} and {active}) == 1"),
        Recording(
            "release_probation_start_timestamp_seconds",
            "max by (environment, service, slot, job_name)"
            f" ({guarded} * on (namespace, job_name) group_left () kube_job_status_start_time)",
        ),
    ]


def _signals(level: str, labels: str, of: str = "") -> list[Recording]:
    """Four signals over 30 minutes under one name, told apart by label `signal`; `of` are labels that are asked for."""
    buckets = f"sum by ({labels}, le) (rate(http_request_duration_seconds_bucket{{{of}}}[30m]))"
    requests = f"sum by ({labels}) (rate(http_requests_total{{{of}}}[30m]))"
    errors = f'sum by ({labels}) (rate(http_requests_total{{{of}{"," if of else ""}code=~"5.."}}[30m]))'
    expressions = {
        # Of no requests there is no quantile; NaN would stay in the median of seven days.
        "p50": f"histogram_quantile(0.5, {buckets}) and on ({labels}) {requests} > 0",
        "p95": f"histogram_quantile(0.95, {buckets}) and on ({labels}) {requests} > 0",
        "rate": requests,
        "errors": f"({errors} or 0 * {requests}) / ({requests} > 0)",
    }
    return [Recording(f"{level}:release_signal:value", expr, {"signal": name}) for name, expr in expressions.items()]


def _alerts(limits: Limits) -> list[Alert]:
    minutes = limits.window_seconds // 60
    requests = f"sum by (service_name, slot) (increase(http_requests_total[{minutes}m]))"
    failed = errors('http_requests_total{code=~"5.."}', f"{minutes}m")
    bad = f"sum by (service_name, slot) ({failed})"
    watched = "max by (service, slot) (last_over_time(release_probation[5m]))"
    probation = f'label_replace({watched}, "service_name", "$1", "service", "(.*)")'
    return [
        Alert(
            "ReleaseErrorRateHigh",
            f"{bad} / {requests} > {limits.error_percent / 100:g} and {requests} >= {limits.minimum_requests}",
            severity="warning",
            kind="release",
            owner="engineering",
            summary="{{ $labels.service_name }} fails in slot {{ $labels.slot }}",
            description=f"{{{{ $value | humanizePercentage }}}} of the requests of {minutes} minutes got an answer of "
            "class 5xx; a release on probation is taken back.",
            dashboard="releases",
        ),
        Alert(
            "ReleaseInconclusive",
            f"({probation} == 1) unless on (service_name, slot) {requests} >= {limits.minimum_requests}",
            severity="notice",
            kind="release",
            owner="engineering",
            summary="{{ $labels.service_name }} in slot {{ $labels.slot }} cannot be judged",
            description=f"Fewer than {limits.minimum_requests} requests in {minutes} minutes, for half an hour "
            "(probation {{ $value }}): the release is neither healthy nor broken.",
            pending="30m",
            dashboard="releases",
        ),
        Alert(
            "ReleaseDeployed",
            "max by (service, slot) (release_probation) == 1"
            # Not known 10 minutes ago is not enough: who tells of Jobs may have been away just then.
            " unless max by (service, slot) (max_over_time(release_probation[20m] offset 10m)) == 1",
            severity="info",
            kind="release",
            owner="engineering",
            summary="{{ $labels.service }} was released to slot {{ $labels.slot }}",
            description="It is on probation now (value {{ $value }}).",
            dashboard="releases",
        ),
        Alert(
            "ReleaseSlotSwitched",
            "max by (service, slot) (release_live_slot_info) == 1"
            f" unless max by (service, slot) ({known('release_live_slot_info', '10m')}) == 1"
            # From another slot, and just now: neither a service's first day nor a gap in what is known is a switch.
            " and on (service) count by (service) (max_over_time(release_live_slot_info[15m])) > 1",
            severity="info",
            kind="release",
            owner="engineering",
            summary="{{ $labels.service }} is served from slot {{ $labels.slot }}",
            description="Users reach this slot since a few minutes (value {{ $value }}).",
            dashboard="releases",
        ),
    ]


def _baseline(limits: Limits) -> list[Alert | Recording]:
    """A slot is compared with the service's past, whichever slot served it: its own past was mostly idle.

    The hour is the one around this time of day. The recording is made every 30 minutes: to show it, take
    `last_over_time(…[35m])`.
    """
    days = " or ".join(
        f"label_replace(avg_over_time(service:release_signal:value[1h] offset {24 * day - 1}h30m), "
        f'"day", "{day}", "", "")'
        for day in range(1, DAYS + 1)
    )
    busy = f"sum by (service_name, slot) (increase(http_requests_total[30m])) >= {limits.minimum_requests}"
    over = " or ".join(
        f'slot:release_signal:value{{signal="{signal}"}} > {floor}'
        f" and slot:release_signal:value > on (service_name, signal) group_left () "
        f"{FACTOR} * service:release_signal:median7d"
        for signal, floor in FLOORS.items()
    )
    return [
        Recording("service:release_signal:median7d", f"quantile by (service_name, signal) (0.5, {days})"),
        Alert(
            "ReleaseBaselineExceeded",
            f"({over}) and on (service_name, slot) {busy}",
            severity="warning",
            kind="release",
            owner="engineering",
            summary="{{ $labels.signal }} of {{ $labels.service_name }} is unusual in slot {{ $labels.slot }}",
            description=f"{{{{ $value | humanize }}}} over the last 30 minutes is more than {FACTOR} times the median "
            f"of this hour over {DAYS} days.",
            dashboard="releases",
        ),
    ]
