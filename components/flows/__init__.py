"""Who may talk to whom: one table, which network policies and firewalls are made from (SEC-6)."""

from components.flows.flow import ANYWHERE, NAME_LABEL, Flow, Flows, Networks, Peer, Pods
from components.flows.peers import API_PORT, GATEWAY_METRICS_PORT, GATEWAY_PORTS
from components.flows.table import CERT_MANAGER, CERT_MANAGER_METRICS, CLUSTER_DNS_METRICS, ETCD_METRICS, flows

__all__ = [
    "ANYWHERE",
    "API_PORT",
    "CERT_MANAGER",
    "CERT_MANAGER_METRICS",
    "CLUSTER_DNS_METRICS",
    "ETCD_METRICS",
    "GATEWAY_METRICS_PORT",
    "GATEWAY_PORTS",
    "NAME_LABEL",
    "Flow",
    "Flows",
    "Networks",
    "Peer",
    "Pods",
    "flows",
]
