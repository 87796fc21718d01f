"""`grafana.ini`: sign-in for everybody, HTTPS at the edge, nothing fetched from the internet (MON-3)."""

from typing import Final

from components.programs import GRAFANA
from settings import Settings

SECRETS_PATH: Final = "/etc/grafana/secrets"
"""Where the Secret with `adminPassword` is mounted."""
DATA_PATH: Final = "/var/lib/grafana"
"""Where the volume with Grafana's own database is mounted."""


def document(settings: Settings) -> str:
    """The file's text."""
    host = settings.environment.grafana_host
    sections: dict[str, dict[str, str | int | bool]] = {
        "paths": {
            "data": DATA_PATH,
            "logs": f"{DATA_PATH}/log",
            "plugins": f"{DATA_PATH}/plugins",
            "provisioning": "/etc/grafana/provisioning",
        },
        "server": {
            # TLS ends at the edge gateway, the only one that may connect to this port.
            "protocol": "http",
            "http_port": GRAFANA.port,
            "domain": host,
            "root_url": f"https://{host}/",
            "enforce_domain": False,
            "enable_gzip": True,
        },
        "database": {"type": "sqlite3", "path": f"{DATA_PATH}/grafana.db", "wal": True},
        "security": {
            "admin_user": "admin",
            "admin_password": f"$__file{{{SECRETS_PATH}/adminPassword}}",
            "secret_key": f"$__file{{{SECRETS_PATH}/secretKey}}",
            "cookie_secure": True,
            "cookie_samesite": "lax",
            "strict_transport_security": True,
            "strict_transport_security_max_age_seconds": 31_536_000,
            "strict_transport_security_subdomains": False,
            "x_content_type_options": True,
            "x_xss_protection": True,
            "content_security_policy": True,
            "disable_gravatar": True,
            "disable_brute_force_login_protection": False,
            "allow_embedding": False,
        },
        "users": {"allow_sign_up": False, "allow_org_create": False, "auto_assign_org_role": "Viewer"},
        "auth": {
            "disable_login_form": False,
            "login_maximum_inactive_lifetime_duration": "12h",
            "login_maximum_lifetime_duration": "7d",
        },
        "auth.anonymous": {"enabled": False, "hide_version": True},
        "auth.basic": {"enabled": True},
        "snapshots": {"external_enabled": False},
        "public_dashboards": {"enabled": False},
        "analytics": {
            "enabled": False,
            "reporting_enabled": False,
            "check_for_updates": False,
            "check_for_plugin_updates": False,
            "feedback_links_enabled": False,
        },
        "news": {"news_feed_enabled": False},
        "plugins": {
            "plugin_admin_enabled": False,
            "public_key_retrieval_disabled": True,
            "preinstall_disabled": True,
            "preinstall_async": False,
        },
        # Rules and notifications are Prometheus', Loki's and Alertmanager's.
        "unified_alerting": {"enabled": False},
        "metrics": {"enabled": True, "disable_total_stats": True},
        "log": {"mode": "console", "level": "info"},
        "log.console": {"format": "json"},
        "dashboards": {
            "min_refresh_interval": "10s",
            "default_home_dashboard_path": "/etc/grafana/dashboards/system-overview.json",
        },
    }
    blocks = [
        "\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in options.items())])
        for name, options in sections.items()
    ]
    return "\n\n".join(blocks) + "\n"


def _value(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
