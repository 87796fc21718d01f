"""The type tokens that rules speak of."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from ..judging import Resource, Stack
from ..values import UnevaluableError, Value

FIGURES = re.compile("metrics|prometheus")
"""By what a page of figures is called."""

MINIO_PROVIDER = "pulumi:providers:minio"
PROXMOX_PROVIDER = "pulumi:providers:proxmoxve"
DOCKER_PROVIDER = "pulumi:providers:docker"
KUBERNETES_PROVIDER = "pulumi:providers:kubernetes"

BUCKET = "minio:index/s3Bucket:S3Bucket"
BUCKET_ENCRYPTION = "minio:index/s3BucketServerSideEncryption:S3BucketServerSideEncryption"
BUCKET_LIFECYCLE = "minio:index/ilmPolicy:IlmPolicy"
BUCKET_LOCK = "pulumi-python:dynamic/storage:BucketLock"
BUCKET_POLICY = "minio:index/s3BucketPolicy:S3BucketPolicy"
BUCKET_VERSIONING = "minio:index/s3BucketVersioning:S3BucketVersioning"
IAM_POLICY = "minio:index/iamPolicy:IamPolicy"
IAM_USER = "minio:index/iamUser:IamUser"
IAM_ATTACHMENT = "minio:index/iamUserPolicyAttachment:IamUserPolicyAttachment"
SERVICE_ACCOUNT = "minio:index/iamServiceAccount:IamServiceAccount"

VM = "proxmoxve:index/vmLegacy:VmLegacy"
CLONED_VMS = ("proxmoxve:cloned/vm:Vm", "proxmoxve:cloned/vmLegacy:VmLegacy")
LXC = "proxmoxve:index/containerLegacy:ContainerLegacy"
FILE = "proxmoxve:index/fileLegacy:FileLegacy"
DOWNLOADS = ("proxmoxve:download/file:File", "proxmoxve:download/fileLegacy:FileLegacy")
FIREWALL_RULES = (
    "proxmoxve:firewall/rulesLegacy:RulesLegacy",
    "proxmoxve:cluster/firewall/security/groupLegacy:GroupLegacy",
)
FIREWALL_OPTIONS = "proxmoxve:firewall/optionsLegacy:OptionsLegacy"
IPSET = "proxmoxve:firewall/ipsetLegacy:IpsetLegacy"
POOL = "proxmoxve:index/poolLegacy:PoolLegacy"
CLUSTER_FIREWALL = "proxmoxve:cluster/firewallLegacy:FirewallLegacy"

DOCKER_CONTAINER = "docker:index/container:Container"
DOCKER_NETWORK = "docker:index/network:Network"
DOCKER_VOLUME = "docker:index/volume:Volume"
DOCKER_IMAGE = "docker:index/remoteImage:RemoteImage"

REMOTE_COMMANDS = ("command:remote:Command", "command:remote:CopyFile", "command:remote:CopyToRemote")
COMMANDS = ("command:remote:Command", "command:local:Command")
RANDOM_PASSWORD = "random:index/randomPassword:RandomPassword"  # noqa: S105 - a type
LEDGER = "pulumi-python:dynamic/services:Ledger"
CLUSTER_VERSION = "pulumi-python:dynamic/kubernetes:ClusterVersion"
DNS_RECORD = "pulumi-python:dynamic/dns:Record"
COOLIFY_APPLICATION = "pulumi-python:dynamic/coolify:Application"

NAMESPACE = "kubernetes:core/v1:Namespace"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type
SECRET_PATCH = "kubernetes:core/v1:SecretPatch"  # noqa: S105 - a type
SERVICE = "kubernetes:core/v1:Service"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
DISRUPTION_BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
PRIORITY_CLASS = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
SERVICE_ACCOUNT_KUBERNETES = "kubernetes:core/v1:ServiceAccount"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
ISSUERS = ("kubernetes:cert-manager.io/v1:ClusterIssuer", "kubernetes:cert-manager.io/v1:Issuer")
ROLES = ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "kubernetes:rbac.authorization.k8s.io/v1:Role")
ROLE_BINDINGS = tuple(f"{role}Binding" for role in ROLES)
QUOTA = "kubernetes:core/v1:ResourceQuota"
PERSISTENT_VOLUME = "kubernetes:core/v1:PersistentVolume"
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
REST_OF_KUBERNETES = (QUOTA, PERSISTENT_VOLUME, STORAGE_CLASS, AUTOSCALER)
HELM_RELEASE = "kubernetes:helm.sh/v3:Release"
HELM_CHART = "kubernetes:helm.sh/v4:Chart"

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
JOB = "kubernetes:batch/v1:Job"
CRON_JOB = "kubernetes:batch/v1:CronJob"
POD = "kubernetes:core/v1:Pod"
LONG_RUNNING = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
WORKLOADS = (*LONG_RUNNING, "kubernetes:apps/v1:ReplicaSet", JOB, CRON_JOB, POD)


def pod_template(resource: Resource) -> Value:
    """What becomes the pods of a workload: an object with `metadata` and `spec`."""
    if resource.type == POD:
        return resource.props
    if resource.type == CRON_JOB:
        return resource.props.at("spec", "jobTemplate", "spec", "template")
    return resource.props.at("spec", "template")


def pod_spec(resource: Resource) -> Value:
    """The pod spec of a workload."""
    return pod_template(resource).at("spec")


def all_containers(pod: Value) -> Iterator[Value]:
    """The containers of a pod spec, those that run first and those for looking into it included."""
    for name in ("initContainers", "containers", "ephemeralContainers"):
        yield from pod.at(name).items()


def namespace_of(resource: Resource) -> str:
    """The namespace of an object; `?` while it is the output of what is not made yet, which is so for all of it."""
    try:
        return resource.props.at("metadata", "namespace").text
    except UnevaluableError:
        return "?"


def bucket_of(resource: Resource) -> Value:
    """The bucket that a lifecycle, an encryption, a versioning or a policy is for."""
    return resource.props.at("bucket")


def label_of(container: Resource, name: str) -> str:
    """What a container's label says, "" when it has none of that name."""
    labels = container.props.at("labels").items()
    return next((each.at("value").text for each in labels if each.at("label").text == name), "")


def host_of(container: Resource) -> str:
    """The Docker host that a container is on, "" when it does not say."""
    return label_of(container, "luxima.id/host")


def volume_of(mount: Value) -> str:
    """The volume of a container's mount, "" while it is not known: the name of what is not made yet is one."""
    with contextlib.suppress(UnevaluableError):
        return mount.at("source").text
    return ""


def runs(container: Resource) -> bool:
    """Whether it runs: what is declared only to hold files, or for a later hour, is not started."""
    return container.props.at("start").flag is not False


def running(stack: Stack, image: re.Pattern[str]) -> list[Resource]:
    """The containers that run such an image."""
    containers = stack.of(DOCKER_CONTAINER)
    return [each for each in containers if runs(each) and image.search(each.props.at("image").text)]
