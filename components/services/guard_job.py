"""The guard of a release as a Job in the cluster, so that it survives whoever released (REL-6).

It is there while the release file says that the service is on probation. What it watches is part of its name: another
release is another Job.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.flows import NAME_LABEL, Flows
from components.kubernetes import Files, Job, JobArgs, Mount, Priority
from settings.capacity.pods import RELEASE_GUARD
from settings.values import Slot

FOLDER: Final = "/etc/guard"
"""Where the guard finds what it is told; its secrets are below it."""
SPOOL: Final = "/var/spool/guard"
"""Where audit rows wait for the database."""


@dataclass(frozen=True)
class GuardJobArgs:
    """Inputs of a GuardJob."""

    namespace: str
    """Where it runs."""
    environment: str
    """Value of the label `environment`."""
    flows: Flows
    """Flows of the stack."""
    service: str
    """Name of the service; see `watched`."""
    live: Slot
    """Slot that it watches."""
    document: str
    """What it is told; see `guard_document`."""
    authority_path: str | None
    """Path of the private CA's certificate in the pod; None where public authorities sign."""
    authority_mounts: Sequence[Mount]
    """What is mounted for it."""
    image: str
    """Image of the release tool, by digest."""
    tsig_secret: pulumi.Input[str]
    """Secret of the key `dns.guard_tsig`; secret."""
    service_role_key: pulumi.Input[str]
    """Key that audit rows are written with; secret."""


class GuardJob(pulumi.ComponentResource):
    """The guard of one release on probation: Job, document, secrets, account and network policy."""

    job: Job
    """The Job."""

    def __init__(self, name: str, args: GuardJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:services:GuardJob", name, None, opts)
        texts = {"watch.json": args.document}
        digest = hashlib.sha256(repr((args.image, sorted(texts.items()))).encode()).hexdigest()[:10]
        workload = f"guard-{args.service[:40]}-{digest}"
        labels = {
            NAME_LABEL: "release-guard",
            "luxima.id/watch": workload,
            # The state-of-the-cluster exporter tells these on, so that everybody sees what is on probation.
            "luxima.id/guarded-service": args.service,
            "luxima.id/guarded-slot": args.live,
            "environment": args.environment,
        }
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=workload, namespace=args.namespace, labels={"app.kubernetes.io/part-of": "luxima", **labels}
        )
        child = pulumi.ResourceOptions(parent=self)
        config_map = k8s.core.v1.ConfigMap(
            f"{name}-watch", metadata=metadata, data=dict(texts), immutable=True, opts=child
        )
        secret = k8s.core.v1.Secret(
            f"{name}-secrets",
            metadata=metadata,
            type="Opaque",
            string_data={"tsig": args.tsig_secret, "serviceRoleKey": args.service_role_key},
            opts=child,
        )
        files = Files(
            {workload: {key: key for key in texts}},
            {workload: {key: f"secrets/{key}" for key in ("tsig", "serviceRoleKey")}},
        )
        self.job = Job(
            f"{name}-guard",
            JobArgs(
                namespace=args.namespace,
                workload=workload,
                image=args.image,
                private_image=True,
                # A verdict is the end of its work, whichever it is: to be started anew would tell it again.
                arguments=["--settled-is-success", *([f"--ca={args.authority_path}"] if args.authority_path else [])],
                cpu_request_millicores=RELEASE_GUARD.cpu_request_millicores,
                memory_mib=RELEASE_GUARD.memory_limit_mib,
                labels=labels,
                flows=args.flows,
                priority=Priority.WATCHING,
                mounts=[Mount("guard", FOLDER, files), Mount("spool", SPOOL, size_mib=16), *args.authority_mounts],
                after=[config_map, secret],
            ),
            child,
        )
        self.register_outputs({"watch": workload})
