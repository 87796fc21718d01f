"""A service: one workload for each of its slots that holds an image (REL-1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.flows import NAME_LABEL, Flows
from components.kubernetes import Autoscaling, Mount, SecretEnv, Workload, WorkloadArgs
from settings.releases import ServiceRelease
from settings.services import Service as ServiceSettings


@dataclass(frozen=True)
class StorageAccess:
    """The object storage as a service uses it."""

    bucket: str
    """Full name of the bucket."""
    access_key: pulumi.Output[str]
    """Id of the key that reaches the bucket."""
    secret_key: pulumi.Output[str]
    """The key itself; secret."""
    endpoint: str
    """host:port of the S3 API."""
    region: str
    """Region that requests are signed for."""


@dataclass(frozen=True)
class ServiceArgs:
    """Inputs of a Service."""

    service: str
    """Name of the service; a DNS label."""
    settings: ServiceSettings
    """Port, paths, replicas and sizes."""
    release: ServiceRelease
    """Image of each slot, and which slot is live."""
    environment: str
    """Value of the label `environment`: production, staging or dev."""
    public_url: str
    """URL under which users reach the service."""
    flows: Flows
    """Flows of the stack."""
    otlp_url: str
    """Where spans are sent, by OTLP over HTTP."""
    authority_path: str | None
    """File with the private CA in the pod; None where public authorities sign."""
    mounts: Sequence[Mount] = ()
    """What brings that file."""
    storage: StorageAccess | None = None
    """Its bucket, if it has one."""


class Service(pulumi.ComponentResource):
    """A service in up to two slots; nothing is made for a slot without an image."""

    slots: Mapping[str, Workload]
    """Workloads by slot; an empty slot is absent."""
    live: Workload
    """Workload of the slot that users reach."""
    candidates: Mapping[str, Workload]
    """Workloads beside the live one: `canary` and `shadow`, as far as there are such."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:services:Service", name, None, opts)
        self._args = args
        namespace = args.settings.namespace
        env = {"ENVIRONMENT": args.environment, "PORT": str(args.settings.port), "PUBLIC_URL": args.public_url}
        # What OpenTelemetry's SDKs and Node.js read by themselves (MON-4, SEC-1).
        env |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": args.otlp_url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_SERVICE_NAME": args.service,
        }
        if args.authority_path is not None:
            env["NODE_EXTRA_CA_CERTS"] = args.authority_path
        secret_env: dict[str, SecretEnv] = {}
        annotations: dict[str, pulumi.Input[str]] = {}
        if args.storage is not None:
            secret = self._storage_secret(name, namespace, args.storage)
            env |= {
                "S3_ENDPOINT": f"https://{args.storage.endpoint}",
                "S3_REGION": args.storage.region,
                "S3_BUCKET": args.storage.bucket,
            }
            secret_env = {key: SecretEnv(secret, key) for key in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")}
            # The Secret's name stays; a new key gives a new id here, and that rolls the pods.
            annotations = {"luxima.id/storage-key-id": args.storage.access_key}
        self._env, self._secret_env, self._annotations = env, secret_env, annotations
        self.slots = {
            slot: self._workload(f"{name}-{slot}", slot, content.image)
            for slot, content in args.release.slots.items()
            if content is not None
        }
        self.live = self.slots[args.release.live]
        self.candidates = {
            kind: self._workload(f"{name}-{kind}", kind, candidate.image)
            for kind, candidate in (("canary", args.release.canary), ("shadow", args.release.shadow))
            if candidate is not None
        }
        self.register_outputs({"live": args.release.live, "url": args.public_url})

    def _workload(self, name: str, place: str, image: str) -> Workload:
        """What runs in a place: a slot, or beside the live one as a candidate."""
        args, settings = self._args, self._args.settings
        autoscaling = settings.autoscaling
        attributes = f"deployment.environment.name={args.environment},luxima.slot={place}"
        return Workload(
            name,
            WorkloadArgs(
                namespace=settings.namespace,
                workload=f"{args.service}-{place}",
                image=image,
                private_image=True,
                replicas=settings.replicas,
                max_surge=settings.rolling.max_surge,
                max_unavailable=settings.rolling.max_unavailable,
                min_ready_seconds=settings.rolling.min_ready_seconds,
                autoscaling=autoscaling and Autoscaling(autoscaling.max_replicas, autoscaling.cpu_percent),
                port=settings.port,
                service_port=settings.port,
                health_path=settings.health_path,
                # A service has one path for both; a minute of silence is more than a busy moment.
                live_path=settings.health_path,
                metrics_path=settings.metrics_path,
                cpu_request_millicores=settings.cpu_request_millicores,
                memory_request_mib=settings.memory_request_mib,
                memory_limit_mib=settings.memory_limit_mib,
                labels={
                    NAME_LABEL: args.service,
                    # A candidate has a place of its own: by this label a slot's Service selects its pods.
                    "luxima.id/slot": place,
                    "environment": args.environment,
                },
                flows=args.flows,
                env={**settings.environment, **self._env, "SLOT": place, "OTEL_RESOURCE_ATTRIBUTES": attributes},
                secret_env=self._secret_env,
                annotations=self._annotations,
                outside=[each.why for each in settings.outside],
                mounts=args.mounts,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _storage_secret(self, name: str, namespace: str, storage: StorageAccess) -> str:
        secret = f"{self._args.service}-storage"
        k8s.core.v1.Secret(
            f"{name}-storage-key",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=secret, namespace=namespace, labels={"app.kubernetes.io/name": self._args.service}
            ),
            type="Opaque",
            string_data={
                "S3_ACCESS_KEY_ID": storage.access_key,
                "S3_SECRET_ACCESS_KEY": storage.secret_key,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        return secret
