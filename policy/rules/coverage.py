"""Nothing passes the pack unseen: types that can hold what it judges, but that no rule reads, are not used."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, resource_rule
from ..values import Finding
from . import kinds

_JUDGED = (
    *kinds.WORKLOADS,
    kinds.CONFIG_MAP,
    kinds.INGRESS,
    kinds.NAMESPACE,
    kinds.NETWORK_POLICY,
    kinds.DISRUPTION_BUDGET,
    kinds.SERVICE,
)
UNSEEN: dict[str, str] = {
    **{f"{type_}Patch": type_ for type_ in _JUDGED},
    **{f"{type_}List": type_ for type_ in _JUDGED},
    "kubernetes:core/v1:ReplicationController": kinds.DEPLOYMENT,
    "docker:index/service:Service": kinds.DOCKER_CONTAINER,
    "kubernetes:core/v1:Endpoints": kinds.SERVICE,
    "kubernetes:discovery.k8s.io/v1:EndpointSlice": kinds.SERVICE,
    **{
        f"kubernetes:gateway.networking.k8s.io/{version}:{kind}": kinds.CONFIG_MAP
        for version in ("v1", "v1beta1", "v1alpha2")
        for kind in ("Gateway", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute")
    },
    **{
        f"kubernetes:traefik.io/v1alpha1:{kind}": kinds.CONFIG_MAP
        for kind in ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "Middleware")
    },
    **{
        f"minio:index/{name[0].lower()}{name[1:]}:{name}": kinds.IAM_POLICY
        for name in ("IamGroup", "IamGroupMembership", "IamGroupPolicy", "IamGroupUserAttachment")
    },
    "minio:index/iamGroupPolicyAttachment:IamGroupPolicyAttachment": kinds.IAM_ATTACHMENT,
    "minio:index/iamLdapUserPolicyAttachment:IamLdapUserPolicyAttachment": kinds.IAM_ATTACHMENT,
    "minio:index/iamLdapGroupPolicyAttachment:IamLdapGroupPolicyAttachment": kinds.IAM_ATTACHMENT,
    "minio:index/s3BucketAnonymousAccess:S3BucketAnonymousAccess": kinds.BUCKET_POLICY,
    "minio:index/s3BucketReplication:S3BucketReplication": kinds.BUCKET_POLICY,
    "minio:index/s3Object:S3Object": kinds.BUCKET,
    **{
        f"kubernetes:{type_}": kinds.DEPLOYMENT
        for type_ in (
            "admissionregistration.k8s.io/v1:MutatingWebhookConfiguration",
            "admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration",
            "apiextensions.k8s.io/v1:CustomResourceDefinition",
            "apiregistration.k8s.io/v1:APIService",
            "kustomize/v2:Directory",
            "yaml:ConfigFile",
            "yaml:ConfigGroup",
            "yaml/v2:ConfigFile",
            "yaml/v2:ConfigGroup",
        )
    },
    "kubernetes:core/v1:LimitRange": kinds.QUOTA,
    "kubernetes:monitoring.coreos.com/v1alpha1:AlertmanagerConfig": kinds.CONFIG_MAP,
    **{
        f"kubernetes:monitoring.coreos.com/v1:{kind}": kinds.CONFIG_MAP
        for kind in ("Alertmanager", "PodMonitor", "Prometheus", "PrometheusRule", "ServiceMonitor")
    },
    **{
        f"minio:index/{name[0].lower()}{name[1:]}:{name}": kinds.BUCKET
        for name in (
            "Config",
            "IamIdpLdap",
            "IamIdpOpenId",
            "IlmTier",
            "KmsKey",
            "S3BucketCors",
            "S3BucketNotification",
        )
    },
    **{
        f"docker:index/{name[0].lower()}{name[1:]}:{name}": kinds.DOCKER_CONTAINER
        for name in ("Plugin", "Secret", "ServiceConfig")
    },
    **{
        f"proxmoxve:{type_}": kinds.VM
        for type_ in (
            "apt/repositoryLegacy:RepositoryLegacy",
            "backup/job:Job",
            "cluster/optionsLegacy:OptionsLegacy",
            "index/aclLegacy:AclLegacy",
            "index/certificateLegacy:CertificateLegacy",
            "index/dnsLegacy:DnsLegacy",
            "index/hostsLegacy:HostsLegacy",
            "index/roleLegacy:RoleLegacy",
            "index/timeLegacy:TimeLegacy",
            "index/userLegacy:UserLegacy",
            "network/linuxBridgeLegacy:LinuxBridgeLegacy",
            "realm/ldapLegacy:LdapLegacy",
            "user/tokenLegacy:TokenLegacy",
        )
    },
    "proxmoxve:index/vm:Vm": kinds.VM,
    "proxmoxve:index/vm2Legacy:Vm2Legacy": kinds.VM,
}
"""The type that no rule reads, and the one that rules read."""


@resource_rule("judged-type", requirements=("SEC-2", "SEC-3"), types=tuple(UNSEEN))
def judged_type(resource: Resource) -> Iterator[Finding]:
    """Workloads, machines and what opens them are declared by the types that this pack reads."""
    yield resource.props.wrong("no rule reads this type", f"declare it as {UNSEEN[resource.type]}")
