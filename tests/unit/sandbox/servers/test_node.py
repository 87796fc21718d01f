"""What the real node is made from: a file that tells no secret, and one that only root may read."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import (
    CertificateBuilder,
    DNSName,
    IPAddress,
    Name,
    NameAttribute,
    SubjectAlternativeName,
    load_pem_x509_certificate,
    random_serial_number,
)
from cryptography.x509.oid import NameOID

from sandbox import credentials
from sandbox.layout import Layout
from sandbox.machine import node as machine
from sandbox.machine import plan
from sandbox.servers import node
from sandbox.servers.base import Site
from tests.recording import STACKS, stack_settings

_CONTAINER = '{"mounts": []}'
_KEY, _CERTIFICATE = b"the administrator's key", b"the administrator's certificate"


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _self_signed(key: rsa.RSAPrivateKey) -> bytes:
    name = Name([NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    now = datetime.now(UTC)
    return (
        CertificateBuilder(name, name, key.public_key(), random_serial_number(), now, now + timedelta(days=1))
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
    )


@pytest.fixture(params=STACKS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    stack = str(request.param)
    layout = Layout(stack, tmp_path)
    layout.prepare()
    (layout.data / "node").mkdir()
    (layout.tls / "ca.pem").write_text("the sandbox' authority", encoding="ascii")
    authority = layout.tls / "kubernetes" / "ca.crt"
    authority.parent.mkdir()
    # As kwokctl makes it; the sandbox's own authorities have keys of another kind.
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    authority.with_suffix(".key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    authority.write_bytes(_self_signed(key))
    kubeconfig = {
        "clusters": [{"cluster": {"server": "https://127.0.0.1:1", "certificate-authority-data": _text(b"authority")}}],
        "users": [{"user": {"client-certificate-data": _text(_CERTIFICATE), "client-key-data": _text(_KEY)}}],
    }
    layout.kubeconfig.write_text(yaml.safe_dump(kubeconfig), encoding="utf-8")
    programs = {name: Path("/cache") / name / name for name in node.Node.programs}
    return Site(layout, stack_settings(stack), credentials.make(), {}, programs, [])


def test_the_specification_tells_no_secret(site: Site) -> None:
    text = node.specification(site, _CONTAINER).dump()
    secrets = [*site.credentials.values.values(), _text(_KEY), _text(_CERTIFICATE), _KEY.decode()]
    assert [secret for secret in secrets if secret in text] == []


def test_the_administrators_key_is_roots_alone(site: Site) -> None:
    made = node.specification(site, _CONTAINER)
    folder = Path(made.machine["mounts"]["/etc/kubernetes/admin"])
    assert folder.stat().st_mode & 0o777 == 0o700
    file = folder / "kubeconfig"
    assert file.stat().st_mode & 0o777 == 0o600
    content = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    # As the machines of the cluster find it, not as this computer does.
    assert content["clusters"][0]["cluster"]["server"] == f"https://{site.settings.kubernetes.api_address}:6443"
    assert content["users"][0]["user"]["client-key-data"] == _text(_KEY)


def test_the_kubelet_shows_a_certificate_of_the_cluster(site: Site) -> None:
    made = node.specification(site, _CONTAINER)
    folder = Path(made.machine["mounts"]["/etc/kubernetes/serving"])
    assert (folder / "private.key").stat().st_mode & 0o777 == 0o600
    certificate = load_pem_x509_certificate((folder / "public.crt").read_bytes())
    certificate.verify_directly_issued_by(
        load_pem_x509_certificate((site.layout.tls / "kubernetes" / "ca.crt").read_bytes())
    )
    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    first = plan.Node.of(site.settings)
    assert first.name in names.get_values_for_type(DNSName)
    assert ip_address(first.address) in names.get_values_for_type(IPAddress)
    kubelet = yaml.load(made.machine["files"]["/etc/kubernetes/kubelet.yaml"], yaml.CSafeLoader)
    assert (kubelet["tlsCertFile"], kubelet["tlsPrivateKeyFile"]) == (
        "/etc/kubernetes/serving/public.crt",
        "/etc/kubernetes/serving/private.key",
    )


def test_the_machine_is_the_clusters_first_server(site: Site) -> None:
    made = node.specification(site, _CONTAINER)
    first = plan.Node.of(site.settings)
    network = site.settings.compute.network
    assert made.machine["hostname"] == first.name
    assert made.machine["address"] == f"{first.address}/{network.prefix_length}"
    assert made.machine["gateway"] == network.gateway
    assert len(made.machine["port"]) <= 15
    gateways = [f"{each}/32" for gateway in site.settings.edge.gateways.values() for each in gateway.addresses]
    assert list(made.extra_addresses) == gateways
    # kube-router looks for its node once, so it is started after what makes it.
    names = [daemon.name for daemon in made.daemons]
    assert names.index("kubelet") < names.index("kube-router")


@pytest.mark.parametrize(
    ("said", "at", "ready"),
    [("True", 100, True), ("True", 130, True), ("True", 99, False), ("False", 130, False), ("Unknown", 130, False)],
)
def test_a_node_is_ready_when_it_says_so_since_its_start(said: str, at: int, *, ready: bool) -> None:
    """What it said before it was killed does not count."""
    when = datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
    status = {"conditions": [{"type": "Ready", "status": said, "lastHeartbeatTime": when}]}
    assert node.is_ready(status, began=100.7) == ready


def test_a_node_that_has_not_said_anything_is_not_ready() -> None:
    assert not node.is_ready({}, began=0)


def test_a_specification_is_a_file_and_back(site: Site) -> None:
    made = node.specification(site, _CONTAINER)
    assert machine.parse(made.dump()).dump() == made.dump()


def test_the_node_has_what_all_machines_of_the_cluster_have(site: Site) -> None:
    files = node.specification(site, _CONTAINER).machine["files"]
    cluster = [vm for vm in site.settings.compute.vms.values() if vm.role.startswith("k3s")]
    cores = [path for path in files if path.endswith("/topology/core_id")]
    assert len(cores) == sum(vm.cpus for vm in cluster)
    assert len({files[path] for path in cores}) == len(cores)
    known = {int(path.split("/cpu")[1].split("/")[0]) for path in cores}
    assert known <= os.sched_getaffinity(0)
    kib = sum(vm.memory_mib for vm in cluster) * 1024
    assert f"MemTotal: {kib} kB" in files["/etc/kubernetes/shape/meminfo"]


def test_only_public_authorities_are_played(site: Site) -> None:
    files = node.specification(site, _CONTAINER).machine["files"]
    mounted = json.loads(files["/etc/containerd/base.json"])["mounts"]
    assert bool(mounted) == (site.settings.edge.certificates.issuer == "acme")
