"""Programs that run to their end, from the same builder as those that serve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.flows import Flows
from components.kubernetes.guards import guards
from components.kubernetes.pod import Mount, PodArgs, template
from components.kubernetes.priorities import Priority

SKIP_AWAIT: Final = "pulumi.com/skipAwait"
"""Annotation that keeps an update from waiting for the Job's end."""


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    """Inputs of a Job."""

    namespace: str
    """Namespace it runs in."""
    workload: str
    """Name of its objects; a DNS label of at most 57 characters, since its pods' names are longer."""
    image: str
    """Container image, pinned."""
    cpu_request_millicores: int
    """Processor request, in thousandths of a processor."""
    memory_mib: int
    """Memory, request and limit, in MiB."""
    labels: Mapping[str, str]
    """Labels of all objects and pods; must tell this workload from every other of the namespace."""
    flows: Flows
    """Flows of the stack; those of `app.kubernetes.io/name` in this namespace are let through."""
    priority: Priority = Priority.SERVICES
    """Whether it is evicted before or after others."""
    arguments: Sequence[str] = ()
    """Arguments of the image's program; no secrets."""
    mounts: Sequence[Mount] = ()
    """Folders in the container, besides /tmp."""
    after: Sequence[pulumi.Resource] = ()
    """What has to exist before the pod, such as the ConfigMaps and Secrets of the mounts."""
    retries: int = 6
    """How often it is started anew when it fails, ever later, up to every 5 min."""
    kept_seconds: int = 86_400
    """How long it can be looked at when it has ended, in seconds."""
    grace_seconds: int = 30
    """Time to end in order, in seconds."""
    private_image: bool = False
    """Whether the image is in the platform's own registry."""


class Job(pulumi.ComponentResource):
    """Job, account and network policy of one program that runs to its end; an update does not wait for that."""

    job: k8s.batch.v1.Job
    """The Job."""

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:Job", name, None, opts)
        pod = _pod(args)
        self.job = k8s.batch.v1.Job(
            f"{name}-job",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=args.workload,
                namespace=args.namespace,
                labels={"app.kubernetes.io/part-of": "luxima", **args.labels},
                annotations={SKIP_AWAIT: "true"},
            ),
            spec=k8s.batch.v1.JobSpecArgs(
                backoff_limit=args.retries,
                ttl_seconds_after_finished=args.kept_seconds,
                # The container is started anew in its pod, so that it finds what it wrote down.
                template=template(pod, restart="OnFailure"),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=guards(self, name, pod)),
        )
        self.register_outputs({"job": args.workload, "image": args.image})


def _pod(args: JobArgs) -> PodArgs:
    return PodArgs(
        namespace=args.namespace,
        workload=args.workload,
        image=args.image,
        serves=False,
        port=0,
        health_path="/",
        live_path=None,
        metrics_path=None,
        cpu_request_millicores=args.cpu_request_millicores,
        memory_request_mib=args.memory_mib,
        memory_limit_mib=args.memory_mib,
        labels=args.labels,
        arguments=args.arguments,
        flows=args.flows,
        priority=args.priority,
        mounts=args.mounts,
        after=args.after,
        grace_seconds=args.grace_seconds,
        private_image=args.private_image,
    )
