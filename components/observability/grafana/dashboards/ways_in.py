"""The gateways, and cert-manager, which renews their certificates."""

from typing import Final

from components.observability.grafana.board import Board, Row
from components.observability.grafana.dashboards.parts import curves, latency, process
from components.observability.grafana.names import FAILED, rate, series
from components.observability.grafana.panels import Column, above, below, listing
from components.observability.rules import edge, programs
from settings import Settings

_DAY: Final = 86_400


def boards(_: Settings) -> list[Board]:
    """One for each."""
    return [_traefik(), _cert_manager()]


def _traefik() -> Board:
    by = "sum by (slot, service)"
    total = f"{by} ({rate('traefik_service_requests_total')})"
    asked, failed = (
        f"sum by (slot, router) ({rate('traefik_router_requests_total', *more)})" for more in ((), (FAILED,))
    )
    return Board(
        uid="traefik",
        title="Gateways",
        description="Requests by slot and service as the gateways see them, their connections and their configuration.",
        links={"Application Metrics": "/d/application-metrics", "cert-manager": "/d/cert-manager"},
        rows=[
            Row(
                "By slot",
                [
                    curves(
                        "Requests by slot",
                        "Requests per second.",
                        "reqps",
                        (
                            f"sum by (slot, entrypoint) ({rate('traefik_entrypoint_requests_total')})",
                            "{{slot}} {{entrypoint}}",
                        ),
                    ),
                    latency(
                        "Time by slot",
                        "Time until a request is answered; the 95th percentile over 2.5 s is EdgeLatencyHigh.",
                        "traefik_entrypoint_request_duration_seconds",
                        "slot",
                        limit=edge.LATENCY_SECONDS,
                    ),
                    curves(
                        "Open connections",
                        "Connections that clients hold.",
                        "short",
                        (
                            f"sum by (slot, entrypoint) ({series('traefik_open_connections')})",
                            "{{slot}} {{entrypoint}}",
                        ),
                    ),
                ],
            ),
            Row(
                "By service",
                [
                    curves("Requests by service", "Attempts per second.", "reqps", (total, "{{slot}} {{service}}")),
                    curves(
                        "Requests that failed",
                        "Share of requests that were answered with 5xx, whatever became of single attempts.",
                        "percentunit",
                        (f"{failed} / {asked}", "{{slot}} {{router}}"),
                        steps=above(edge.ERROR_RATIO),
                    ),
                    latency(
                        "Time of a service",
                        "Time until the service has answered.",
                        "traefik_service_request_duration_seconds",
                        "service",
                    ),
                ],
            ),
            Row(
                "Backends and configuration",
                [
                    listing(
                        "Backends with a health check",
                        "Whether each backend answers.",
                        Column(
                            "Answers",
                            f"max by (slot, service, url) ({series('traefik_service_server_up')})",
                            "bool_yes_no",
                            below(1),
                        ),
                        width=16,
                    ),
                    curves(
                        "Age of the configuration",
                        "Time since each pod last took a new configuration; pods of one slot agree.",
                        "s",
                        (f"time() - {series('traefik_config_last_reload_success')}", "{{slot}} {{instance}}"),
                    ),
                ],
            ),
            process("traefik", "a gateway"),
        ],
    )


def _cert_manager() -> Board:
    def until(what: str) -> str:
        metric = series(f"certmanager_certificate_{what}_timestamp_seconds")
        return f"max by (namespace, name) ({metric}) - time()"

    ready = series("certmanager_certificate_ready_status", 'condition="True"')
    errors = rate("certmanager_controller_sync_error_count")
    return Board(
        uid="cert-manager",
        title="cert-manager",
        description="Certificates, when they end and are renewed, and what cert-manager asks of the ACME server.",
        links={"Gateways": "/d/traefik", "System Overview": "/d/system-overview"},
        since="now-7d",
        refresh="5m",
        rows=[
            Row(
                "Certificates",
                [
                    listing(
                        "Certificates",
                        "Whether each is there, when it ends, and when it is to be renewed.",
                        Column("Ready", f"max by (namespace, name) ({ready})", "bool_yes_no", below(1)),
                        Column(
                            "Ends in",
                            until("expiration"),
                            "s",
                            below(edge.CERTIFICATE_LAST_DAYS * _DAY, edge.CERTIFICATE_DAYS * _DAY),
                        ),
                        Column("Is renewed in", until("renewal"), "s", below(-programs.RENEWAL_DAYS * _DAY, 0)),
                        width=24,
                    )
                ],
            ),
            Row(
                "Work",
                [
                    curves(
                        "Calls of the ACME server",
                        "Calls per second by status.",
                        "cps",
                        (f"sum by (status) ({rate('certmanager_http_acme_client_request_count')})", "{{status}}"),
                        width=12,
                    ),
                    curves(
                        "Errors",
                        "Errors per second by controller; each is tried again.",
                        "cps",
                        (f"sum by (controller) ({errors})", "{{controller}}"),
                        width=12,
                    ),
                ],
            ),
        ],
    )
