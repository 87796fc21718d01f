"""The log agent on every node of the cluster: Alloy, or Promtail, with the same pipelines (LOG-7)."""

from dataclasses import replace

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import Mount, NodeWorkload, PodArgs, Priority, place
from components.observability.workload_context import WorkloadContext, grant_read
from components.programs import API_AUDIT_FOLDER
from settings.capacity import pods
from versions import ALLOY, PROMTAIL

_FILE = "log-agent/kubernetes/promtail.yaml"
_STATE = "/var/lib/log-agent"
"""Where it keeps how far it has read: on the node, so that a new pod goes on there."""
_READS = [
    k8s.rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["pods"], verbs=["get", "list", "watch"]),
]


def deploy_log_agent(context: WorkloadContext, guards: list[pulumi.Resource]) -> NodeWorkload:
    """The agent with the pipelines for pods and the node's journal."""
    observed = context.observability
    name = f"{context.prefix}-log-agent"
    texts = {"promtail.yaml": context.documents[_FILE]}
    placed = place(name, observed.agents_namespace, "log-agent", "/etc/log-agent", texts, {}, context.parent)
    alloy = [
        "run",
        "--config.format=promtail",
        f"--server.http.listen-addr=0.0.0.0:{observed.agent_port}",
        f"--storage.path={_STATE}",
        "--disable-reporting",
        "/etc/log-agent/promtail.yaml",
    ]
    runs_alloy = observed.agent == "alloy"
    args = PodArgs(
        namespace=observed.agents_namespace,
        workload="log-agent",
        image=ALLOY.reference if runs_alloy else PROMTAIL.reference,
        port=observed.agent_port,
        health_path="/-/ready" if runs_alloy else "/ready",
        live_path=None,
        metrics_path=None,
        cpu_request_millicores=pods.LOG_AGENT.cpu_request_millicores,
        memory_request_mib=pods.LOG_AGENT.memory_request_mib,
        memory_limit_mib=pods.LOG_AGENT.memory_limit_mib,
        labels=context.labels("log-agent"),
        arguments=alloy if runs_alloy else ["-config.file=/etc/log-agent/promtail.yaml"],
        flows=context.flows,
        priority=Priority.WATCHING,
        mounts=[
            placed.mount,
            Mount("pods", "/var/log/pods", host_path="/var/log/pods"),
            Mount("journal", "/var/log/journal", host_path="/var/log/journal"),
            # The journal is found by it.
            Mount("machine-id", "/etc/machine-id", host_path="/etc/machine-id"),
            *(
                [Mount("audit", API_AUDIT_FOLDER, host_path=API_AUDIT_FOLDER)]
                if API_AUDIT_FOLDER in texts["promtail.yaml"]
                else []
            ),
            Mount("state", _STATE, host_path=_STATE, writable=True),
        ],
        # By default it asks for the pods of the node of this name; in a pod it would be the pod's own.
        field_env={"HOSTNAME": "spec.nodeName"},
        api_token=True,
        # The kubelet lets nobody but root read what containers write.
        user=0,
    )
    after = [*guards, *placed.resources, *grant_read(context, args, _READS)]
    return NodeWorkload(name, replace(args, after=after), context.child)
