"""What the certificates' component declares, by a recording of the engine."""

import dataclasses
from typing import Any

import pulumi
import pytest

from components.edge.cert_manager import with_probes
from components.edge.certificates import Certificates
from components.programs import ROUTED
from settings.environment import GATEWAY_HOSTS
from tests import arguments
from tests.recording import Recorder, record, stack_settings
from versions import CERT_MANAGER

CHART = "kubernetes:helm.sh/v4:Chart"


def declared(stack: str, controller: str) -> Recorder:
    settings = stack_settings(stack)
    certificates = settings.edge.certificates.model_copy(update={"controller": controller})
    edge = settings.edge.model_copy(update={"certificates": certificates})
    changed = settings.model_copy(update={"edge": edge})

    def program() -> None:
        secret = pulumi.Output.secret("dHNpZw==") if certificates.issuer == "acme" else None
        made = Certificates("certificates", arguments.certificates(changed, secret))
        assert made.secrets == {"public": "edge-public", "core": "edge-core"}

    return record(program, stack)


def custom(recorder: Recorder) -> dict[tuple[str, str], dict[str, Any]]:
    found = [each for each in recorder.resources if each.type.startswith("kubernetes:cert-manager.io/v1:")]
    return {(each.inputs["kind"], each.inputs["metadata"]["name"]): dict(each.inputs) for each in found}


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_an_installed_controller_is_not_installed_again(stack: str) -> None:
    recorder = declared(stack, "installed")
    kinds = {each.type for each in recorder.resources}
    assert CHART not in kinds
    assert "kubernetes:core/v1:Namespace" not in kinds
    assert {("Certificate", "edge-public"), ("Certificate", "edge-core"), ("ClusterIssuer", "edge")} <= set(
        custom(recorder)
    )


def test_the_chart_comes_pinned_into_a_closed_namespace_of_its_own() -> None:
    recorder = declared("prod", "chart")
    (chart,) = recorder.of(CHART)
    assert chart.inputs["version"] == CERT_MANAGER.version
    assert chart.inputs["repositoryOpts"] == {"repo": "https://charts.jetstack.io"}
    assert chart.inputs["namespace"] == "cert-manager"
    (namespace,) = recorder.of("core/v1:Namespace")
    assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    policies = {each.inputs["metadata"]["name"] for each in recorder.of(":NetworkPolicy")}
    assert {"default-deny", "cert-manager"} <= policies
    assert not recorder.of("helm.sh/v3:Release")


def test_every_part_of_the_controller_is_watched() -> None:
    own = {"httpGet": {"path": "/livez", "port": "http-healthz"}}
    containers = [{"name": "controller", "livenessProbe": own}, {"name": "cainjector"}]
    given = {"spec": {"template": {"spec": {"containers": containers}}}}
    controller, cainjector = with_probes(given)["spec"]["template"]["spec"]["containers"]
    assert controller["livenessProbe"] == controller["readinessProbe"] == own
    assert cainjector["livenessProbe"] == cainjector["readinessProbe"]
    assert cainjector["readinessProbe"]["httpGet"] == {"path": "/metrics", "port": 9402, "scheme": "HTTP"}
    assert containers[1] == {"name": "cainjector"}


def test_the_key_is_a_secret_beside_the_controller_and_nowhere_else() -> None:
    recorder = declared("prod", "installed")
    (secret,) = recorder.of("core/v1:Secret")
    assert secret.inputs["metadata"]["name"] == "edge-acme-tsig"
    assert secret.inputs["metadata"]["namespace"] == "cert-manager"
    assert secret.inputs["stringData"] == {"secret": "dHNpZw=="}
    assert "dHNpZw==" not in str([dataclasses.asdict(each) for each in recorder.resources if each is not secret])


def test_a_private_authority_needs_no_key_of_the_name_servers() -> None:
    recorder = declared("dev", "installed")
    assert not recorder.of("core/v1:Secret")
    assert set(custom(recorder)) == {
        ("ClusterIssuer", "edge-self-signed"),
        ("Certificate", "edge-root"),
        ("ClusterIssuer", "edge"),
        ("Certificate", "edge-public"),
        ("Certificate", "edge-core"),
        ("Certificate", "private-ca"),
        ("Certificate", "object-storage"),
    }


def test_every_object_says_whose_it_is() -> None:
    for inputs in custom(declared("prod", "installed")).values():
        assert inputs["metadata"]["labels"] == {"app.kubernetes.io/part-of": "luxima", "environment": "production"}


def test_core_hosts_have_the_names_that_the_gateways_route() -> None:
    assert set(GATEWAY_HOSTS) == {*(program.name for program in ROUTED), "registry"}
