"""Issuers and certificates on a real API server with cert-manager's own kinds: applied, read back, issued, renewed."""

import base64
import contextlib
import dataclasses
import json
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar, cast

import pulumi
import pulumi_kubernetes as k8s
import pytest
from cryptography import x509
from pulumi import automation

from components.edge import Certificates, issuing
from sandbox import plugins
from sandbox.controllers.api import ApiError
from tests import arguments
from tests.e2e.guard import control_plane
from tests.engine import changes, engine_in
from tests.recording import stack_settings
from tests.waiting import wait_for

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

T = TypeVar("T")
_ROOT = "/apis/cert-manager.io/v1"


class Cluster(control_plane.Cluster):
    """A control plane with the sandbox's controllers."""

    def apply(self, made: issuing.CustomObject, **spec: Any) -> str:
        """Make or change an object as a deployment does; its path."""
        metadata = {"name": made.name, **({"namespace": made.namespace} if made.namespace else {})}
        inputs = {"apiVersion": issuing.API_VERSION, "kind": made.kind, "metadata": metadata}
        place = f"{_ROOT}/namespaces/{made.namespace}" if made.namespace else _ROOT
        path = f"{place}/{made.kind.lower()}s/{made.name}"
        document = json.dumps({**inputs, "spec": {**made.spec, **spec}}).encode()
        self.api.write("PATCH", f"{path}?fieldManager=tests&fieldValidation=Strict", document)
        return path

    def get(self, path: str) -> dict[str, Any] | None:
        """A live object."""
        try:
            return self.api.call("GET", path)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def serves(self, kind: str) -> bool:
        """Whether the server knows a kind by now."""
        try:
            return self.get(f"{_ROOT}/{kind}") is not None
        except ApiError as error:
            if error.status != 429:
                raise
            return False

    def secret(self, name: str, namespace: str = "edge") -> dict[str, Any] | None:
        """A live Secret."""
        return self.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")

    def leaf(self, name: str, namespace: str = "edge") -> x509.Certificate | None:
        """The certificate in a Secret."""
        found = self.secret(name, namespace)
        return x509.load_pem_x509_certificate(value(found, "tls.crt")) if found else None

    def condition(self, kind: str, name: str) -> tuple[str, str]:
        """Status and reason of the condition Ready."""
        found = self.get(f"{_ROOT}/{kind}/{name}") or {}
        ready = [each for each in found.get("status", {}).get("conditions", []) if each["type"] == "Ready"]
        return (ready[0]["status"], ready[0]["reason"]) if ready else ("", "")


def value(secret: dict[str, Any], key: str) -> bytes:
    return base64.b64decode(secret["data"][key])


def awaited(what: Callable[[], T | None], why: str) -> T:
    """The first value that there is."""
    found: list[T] = []

    def there() -> bool:
        now = what()
        if now is not None:
            found.append(now)
        return bool(found)

    wait_for(there, why)
    return found[-1]


@pytest.fixture(scope="module")
def cluster() -> Generator[Cluster]:
    with control_plane.cluster() as found:
        made = Cluster(found.api, found.layout)
        made.make("/api/v1/namespaces", {"metadata": {"name": "edge"}})
        # The server takes its time to serve kinds that it has been told of.
        for kind in ("certificates", "clusterissuers"):
            wait_for(lambda kind=kind: made.serves(kind), f"{kind} are served")
        yield made


@pytest.fixture
def issuer(cluster: Cluster) -> None:
    """Both issuers of stack dev."""
    for each in issuing.issuers(stack_settings("dev")):
        cluster.apply(each)


def certificate(name: str, **spec: Any) -> issuing.CustomObject:
    made = issuing.certificates(stack_settings("dev"))["public"]
    return dataclasses.replace(made, name=name, spec={**made.spec, "secretName": name, **spec})


def as_declared(live: Any, declared: Any) -> Any:
    """A live value without what nobody declared."""
    if isinstance(live, dict) and isinstance(declared, Mapping):
        found = cast("dict[str, Any]", live)
        return {key: as_declared(found.get(key), each) for key, each in cast("Mapping[str, Any]", declared).items()}
    return cast("Any", live)


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_what_a_stack_declares_is_taken_and_read_back_without_drift(cluster: Cluster, stack: str) -> None:
    settings = stack_settings(stack)
    declared = (*issuing.issuers(settings), *issuing.certificates(settings).values())
    made = {cluster.apply(each): each for each in declared}
    for each in issuing.certificates(settings):
        wait_for(lambda key=each: cluster.leaf(f"edge-{key}") is not None, f"edge-{each} is issued")
    for path, each in made.items():
        live = cluster.get(path)
        assert live is not None
        assert as_declared(live["spec"], each.spec) == each.spec, path
    for path in reversed(made):
        cluster.api.call("DELETE", path)
    assert cluster.api.call("GET", f"{_ROOT}/certificates")["items"] == []
    assert cluster.api.call("GET", f"{_ROOT}/clusterissuers")["items"] == []


def test_the_private_authority_is_read_for_machines_outside_of_the_cluster(cluster: Cluster) -> None:
    """As `up` does it, with the official plugin: a preview before anything is there, then what is there."""
    settings = stack_settings("dev")
    certificates = settings.edge.certificates.model_copy(update={"controller": "installed"})
    settings = settings.model_copy(update={"edge": settings.edge.model_copy(update={"certificates": certificates})})
    for authority in issuing.authorities(settings):
        with contextlib.suppress(ApiError):
            cluster.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": authority.namespace}})

    def program() -> None:
        provider = k8s.Provider("kubernetes", kubeconfig=cluster.layout.kubeconfig.read_text())
        args = arguments.certificates(settings, None)
        there = pulumi.ResourceOptions(providers={"kubernetes": provider})
        pulumi.export("authority", Certificates("certificates", args, there).authority)

    stack = engine_in(cluster.layout.engine, plugins.Plugins({}, ("kubernetes",), None))(program)
    stack.preview(color="never")
    stack.up(color="never")
    told = automation.Stack.outputs(stack)["authority"]
    assert told.value == (cluster.layout.tls / "ca.pem").read_text()
    assert not told.secret
    for again in (stack.refresh, stack.up):
        assert set(changes(again)) == {"same"}
    stack.destroy(color="never")


@pytest.mark.usefixtures("issuer")
def test_a_certificate_is_issued_for_its_names_by_the_sandboxes_authority(cluster: Cluster) -> None:
    cluster.apply(certificate("issued"))
    leaf = awaited(lambda: cluster.leaf("issued"), "the Secret is there")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["dev.acehcommerce.local", "*.dev.acehcommerce.local"]
    authority = x509.load_pem_x509_certificate((cluster.layout.tls / "ca.pem").read_bytes())
    leaf.verify_directly_issued_by(authority)
    secret = cluster.secret("issued")
    assert secret is not None
    assert secret["type"] == "kubernetes.io/tls"
    assert set(secret["data"]) == {"tls.crt", "tls.key", "ca.crt"}
    assert secret["metadata"]["labels"]["app.kubernetes.io/part-of"] == "luxima"
    assert value(secret, "ca.crt") == (cluster.layout.tls / "ca.pem").read_bytes()
    wait_for(lambda: cluster.condition("namespaces/edge/certificates", "issued") == ("True", "Ready"), "it is ready")
    wait_for(lambda: cluster.condition("clusterissuers", "edge")[0] == "True", "its issuer is ready")
    status = cluster.api.call("GET", f"{_ROOT}/namespaces/edge/certificates/issued")["status"]
    assert status["notAfter"] == leaf.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.usefixtures("issuer")
def test_who_wants_a_new_one_deletes_the_secret(cluster: Cluster) -> None:
    cluster.apply(certificate("deleted"))
    first = awaited(lambda: cluster.leaf("deleted"), "the Secret is there")
    cluster.api.call("DELETE", "/api/v1/namespaces/edge/secrets/deleted")
    second = awaited(lambda: cluster.leaf("deleted"), "the Secret is there again")
    assert second.serial_number != first.serial_number
    assert second.public_key() != first.public_key()


@pytest.mark.usefixtures("issuer")
def test_a_certificate_that_falls_due_is_renewed_with_a_new_key(cluster: Cluster) -> None:
    cluster.apply(certificate("renewed", duration="1h0m0s", renewBefore="59m58s"))
    first = awaited(lambda: cluster.leaf("renewed"), "the Secret is there")
    uid = (cluster.secret("renewed") or {})["metadata"]["uid"]

    def changed() -> x509.Certificate | None:
        now = cluster.leaf("renewed")
        return now if now and now.serial_number != first.serial_number else None

    second = awaited(changed, "it is renewed")
    assert second.not_valid_after_utc > first.not_valid_after_utc
    assert second.public_key() != first.public_key()
    assert (cluster.secret("renewed") or {})["metadata"]["uid"] == uid


@pytest.mark.usefixtures("issuer")
def test_other_names_are_issued_for_at_once(cluster: Cluster) -> None:
    cluster.apply(certificate("names"))
    awaited(lambda: cluster.leaf("names"), "the Secret is there")
    cluster.apply(certificate("names", dnsNames=["other.dev.acehcommerce.local"]))

    def covers() -> bool:
        leaf = cluster.leaf("names")
        assert leaf is not None
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.DNSName) == ["other.dev.acehcommerce.local"]

    wait_for(covers, "the new name is covered")


@pytest.mark.usefixtures("issuer")
def test_without_its_issuer_a_certificate_says_so_and_waits(cluster: Cluster) -> None:
    reference = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "late"}
    cluster.apply(certificate("waiting", issuerRef=reference))
    where = "namespaces/edge/certificates"
    wait_for(lambda: cluster.condition(where, "waiting") == ("False", "DoesNotExist"), "it says what is missing")
    assert cluster.secret("waiting") is None
    cluster.apply(issuing.CustomObject("ClusterIssuer", "late", None, {"selfSigned": {}}))
    awaited(lambda: cluster.leaf("waiting"), "the Secret is there")
    wait_for(lambda: cluster.condition(where, "waiting") == ("True", "Ready"), "it is ready")


@pytest.mark.usefixtures("issuer")
def test_a_private_authority_keeps_its_key_when_it_is_renewed(cluster: Cluster) -> None:
    (root,) = [each for each in issuing.issuers(stack_settings("dev")) if each.kind == "Certificate"]
    made = dataclasses.replace(root, name="short-root", spec={**root.spec, "secretName": "short-root"})
    cluster.apply(made, duration="1h0m0s", renewBefore="59m58s")
    first = awaited(lambda: cluster.leaf("short-root", "cert-manager"), "the Secret is there")
    assert first.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    def changed() -> x509.Certificate | None:
        now = cluster.leaf("short-root", "cert-manager")
        return now if now and now.serial_number != first.serial_number else None

    assert awaited(changed, "it is renewed").public_key() == first.public_key()


def test_a_spec_that_the_kind_does_not_allow_is_refused_by_the_server(cluster: Cluster) -> None:
    with pytest.raises(ApiError, match=r"spec.privateKey.algorithm"):
        cluster.apply(certificate("wrong", privateKey={"algorithm": "DSA"}))
