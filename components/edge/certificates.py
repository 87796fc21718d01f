"""The edge's certificates: issued and renewed by cert-manager, put into Secrets that the gateways mount (SEC-1)."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.edge import cert_manager, issuing
from components.flows import Flows
from settings.edge import Edge

WAIT_FOR: Final = "pulumi.com/waitFor"
"""Annotation with what an update waits for."""


@dataclass(frozen=True)
class CertificatesArgs:
    """Inputs of Certificates."""

    edge: Edge
    """Settings of the gateways: who issues, and whether cert-manager is there already."""
    environment: str
    """Value of the label `environment`."""
    issued: issuing.Issued
    """The objects that make the certificates."""
    observability_namespace: str
    """Namespace of the programs that observe."""
    flows: Flows
    """Flows of the stack."""
    tsig_secret: pulumi.Input[str] | None
    """Secret of the TSIG key, in base64, that answers the ACME server's questions; secret; None with a private CA."""


@dataclass(frozen=True)
class Pair:
    """A certificate that a machine serves."""

    certificate: pulumi.Output[str]
    """It and what signed it, in PEM."""
    key: pulumi.Output[str]
    """Its key, in PEM; secret."""


class Certificates(pulumi.ComponentResource):
    """A wildcard certificate for each zone, and all that it takes to issue it."""

    secrets: Mapping[str, str]
    """Names of the TLS Secrets in the gateways' namespace, by the zone's key: `public` and `core`."""
    certificates: Mapping[str, pulumi.Resource]
    """The Certificates, by the zone's key; cert-manager makes the Secrets when it can."""
    authorities: list[k8s.apiextensions.CustomResource]
    """What brings the private CA's certificate to each namespace that needs it; it is there when these are."""
    authority: pulumi.Output[str] | None
    """The private CA's certificate, in PEM, for machines outside of the cluster; None with a public one."""
    machines: Mapping[str, Pair]
    """What machines outside of the cluster serve, by the label of their name in the core zone."""

    def __init__(self, name: str, args: CertificatesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:edge:Certificates", name, None, opts)
        self._labels = issuing.labels(args.environment)
        issued, after = args.issued, list[pulumi.Resource]()
        if args.edge.certificates.controller == "chart":
            after += cert_manager.install(
                f"{name}-cert-manager", args.edge.replicas, args.environment, args.flows, self
            ).ready
        if args.tsig_secret is not None:
            after.append(self._tsig_secret(f"{name}-tsig", args.tsig_secret, after))
        for issuer in issued.issuers:
            after.append(self._object(f"{name}-{issuer.kind.lower()}-{issuer.name}", issuer, after))
        self.certificates = {
            key: self._object(f"{name}-{key}", each, after) for key, each in issued.certificates.items()
        }
        self.secrets = {key: str(each.spec["secretName"]) for key, each in issued.certificates.items()}
        self.authorities = [
            self._object(
                f"{name}-authority-{authority.namespace}",
                authority,
                after,
                # There was one for the observers alone, without its namespace in its name.
                old=f"{name}-authority" if authority.namespace == args.observability_namespace else None,
                # Pods mount its Secret: those that are made before it is there are tried again ever later.
                annotations={WAIT_FOR: "condition=Ready"},
            )
            for authority in issued.authorities
        ]
        self.authority = self._read_authority(f"{name}-authority-read", issued.authorities)
        self.machines = {
            label: self._read_pair(
                f"{name}-{label}",
                self._object(f"{name}-{label}", each, after, annotations={WAIT_FOR: "condition=Ready"}),
                each,
            )
            for label, each in issued.machines.items()
        }
        self.register_outputs({"secrets": dict(self.secrets)})

    def _object(
        self,
        name: str,
        wanted: issuing.CustomObject,
        after: list[pulumi.Resource],
        *,
        old: str | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> k8s.apiextensions.CustomResource:
        return k8s.apiextensions.CustomResource(
            name,
            api_version=issuing.API_VERSION,
            kind=wanted.kind,
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=wanted.name, namespace=wanted.namespace, labels=self._labels, annotations=annotations
            ),
            spec=wanted.spec,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=list(after), aliases=None if old is None else [pulumi.Alias(name=old)]
            ),
        )

    def _read_authority(self, name: str, wanted: Sequence[issuing.CustomObject]) -> pulumi.Output[str] | None:
        if not wanted:
            return None
        # A certificate is no secret, though it lies in one.
        return pulumi.Output.unsecret(self._read(name, self.authorities[0], wanted[0]).apply(_decoded("ca.crt")))

    def _read_pair(self, name: str, made: pulumi.Resource, wanted: issuing.CustomObject) -> Pair:
        found = self._read(f"{name}-read", made, wanted)
        return Pair(found.apply(_decoded("tls.crt")), found.apply(_decoded("tls.key")))

    def _read(
        self, name: str, made: pulumi.Resource, wanted: issuing.CustomObject
    ) -> pulumi.Output[Mapping[str, str] | None]:
        """What is in a certificate's Secret, which is cert-manager's.

        Who adds a label to it is shown what else is in it; a preview that comes before it is not, and does not ask.
        """
        return k8s.core.v1.SecretPatch(
            name,
            metadata=k8s.meta.v1.ObjectMetaPatchArgs(
                name=wanted.spec["secretName"],
                namespace=wanted.namespace,
                labels={"luxima.id/read-by": "docker-hosts"},
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
        ).data

    def _tsig_secret(self, name: str, secret: pulumi.Input[str], after: list[pulumi.Resource]) -> k8s.core.v1.Secret:
        """The key lies where ClusterIssuers look for it, and where nothing but cert-manager runs."""
        return k8s.core.v1.Secret(
            name,
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=issuing.TSIG_SECRET, namespace=issuing.CONTROLLER_NAMESPACE, labels=self._labels
            ),
            type="Opaque",
            string_data={issuing.TSIG_KEY: secret},
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def _decoded(key: str) -> Callable[[Mapping[str, str] | None], str]:
    return lambda secret: base64.b64decode((secret or {})[key]).decode()
