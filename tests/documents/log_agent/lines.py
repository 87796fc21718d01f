"""Lines as programs and machines write them, and what their pods are called."""

import json
from typing import Any

META = "__meta_kubernetes"
AUTH = {
    f"{META}_namespace": "commerce",
    f"{META}_pod_name": "auth-blue-6f7b9-abcde",
    f"{META}_pod_uid": "0d3c",
    f"{META}_pod_container_name": "app",
    f"{META}_pod_label_app_kubernetes_io_name": "auth-api",
    f"{META}_pod_label_luxima_id_slot": "blue",
}
GATEWAY = {
    f"{META}_namespace": "edge",
    f"{META}_pod_name": "gateway-blue-0",
    f"{META}_pod_container_name": "traefik",
    f"{META}_pod_label_app_kubernetes_io_name": "gateway-blue",
}
AT = "2026-11-23T10:00:00.123456789Z"


def log4(**fields: Any) -> str:
    """The example line of LOG-4, with other values."""
    line = {
        "timestamp": AT,
        "service": "auth-api",
        "level": "error",
        "tenant_id": "tenant_001",
        "user_id": "user_123",
        "event": "login_failed",
        "message": "Invalid password",
        "context": {"ip": "203.0.113.7", "user_agent": "Mozilla/5.0"},
    }
    return json.dumps({**line, **fields})


def cri(line: str) -> str:
    """A line as containerd writes it."""
    return f"2026-11-23T10:00:05.000000001Z stdout F {line}"


def docker(line: str, tag: str = "supabase-rest") -> str:
    """A line as Docker's json-file driver writes it."""
    return json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2026-11-23T10:00:05Z", "attrs": {"tag": tag}})


def journal(message: str, priority: str = "6", unit: str = "ssh.service", identifier: str = "sshd") -> str:
    """An entry of the journal as JSON."""
    fields = {"MESSAGE": message, "PRIORITY": priority, "_SYSTEMD_UNIT": unit, "SYSLOG_IDENTIFIER": identifier}
    return json.dumps({**fields, "_HOSTNAME": "ns1", "_PID": "77"})
