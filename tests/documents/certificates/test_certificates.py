"""Issuers and certificates against cert-manager's own definitions, and the chart's values against its own schema."""

import copy
import json
from typing import Any

import jsonschema
import pytest

from components.edge import cert_manager, issuing
from settings.dns import Tsig
from tests.documents.certificates import definitions
from tests.recording import STACKS, stack_settings
from tools import ensure
from tools.table import PROGRAMS
from versions import CERT_MANAGER


def objects(stack: str) -> list[issuing.CustomObject]:
    settings = stack_settings(stack)
    return [*issuing.issuers(settings), *issuing.certificates(settings).values()]


def acme() -> dict[str, Any]:
    (issuer,) = issuing.issuers(stack_settings("prod"))
    return copy.deepcopy(dict(issuer.spec["acme"]))


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_is_what_its_definition_allows(stack: str) -> None:
    for each in objects(stack):
        assert definitions.problems(each.kind, each.spec) == [], each.name
        assert (each.namespace is None) is (definitions.scope(each.kind) == "Cluster"), each.name


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Certificate", {"secretName": "x", "issuerRef": {"name": "x"}, "privateKey": {"algorithm": "DSA"}}),
        ("Certificate", {"secretName": "x", "issuerRef": {"name": "x"}, "renewalBefore": "1h"}),
        ("Certificate", {"issuerRef": {"name": "x"}}),
        ("ClusterIssuer", {"ca": {}}),
        ("ClusterIssuer", {"acme": {"privateKeySecretRef": {"name": "x"}}}),
        ("ClusterIssuer", {"acme": {**acme(), "solvers": [{"dns01": {"rfc2136": {"tsigKeyName": "x"}}}]}}),
    ],
)
def test_the_definitions_refuse_what_is_wrong(kind: str, spec: dict[str, Any]) -> None:
    assert definitions.problems(kind, spec)


@pytest.mark.parametrize("stack", STACKS)
def test_a_certificate_covers_its_zone_and_every_name_right_below(stack: str) -> None:
    settings = stack_settings(stack)
    made = issuing.certificates(settings)
    assert {key: each.spec["dnsNames"] for key, each in made.items()} == {
        "public": [settings.environment.domain, f"*.{settings.environment.domain}"],
        "core": [settings.environment.core_domain, f"*.{settings.environment.core_domain}"],
    }
    for key, each in made.items():
        assert (each.name, each.namespace, each.spec["secretName"]) == (f"edge-{key}", "edge", f"edge-{key}")
        # What is served now outlives every attempt to renew it by a month.
        assert (each.spec["duration"], each.spec["renewBefore"]) == ("2160h0m0s", "720h0m0s")


@pytest.mark.parametrize("stack", STACKS)
def test_whoever_an_object_names_is_made_before_it(stack: str) -> None:
    known: set[str] = set()
    for each in objects(stack):
        reference = each.spec.get("issuerRef", {}).get("name")
        assert reference is None or reference in known, each.name
        if each.kind == "ClusterIssuer":
            known.add(each.name)


def test_public_names_are_proven_by_records_in_their_own_zones() -> None:
    settings = stack_settings("prod")
    (solver,) = acme()["solvers"]
    assert solver["selector"]["dnsZones"] == ["acehcommerce.id", "luxima.id"]
    assert solver["dns01"]["rfc2136"] == {
        "nameserver": "10.10.30.53:53",
        "tsigKeyName": "luxima-prod-acme",
        "tsigAlgorithm": "HMACSHA256",
        "tsigSecretSecretRef": {"name": "edge-acme-tsig", "key": "secret"},
    }
    assert acme()["email"] == settings.edge.certificates.acme_email


def test_every_algorithm_that_the_settings_allow_has_a_name_for_cert_manager() -> None:
    settings = stack_settings("prod")
    for algorithm, name in (("hmac-sha256", "HMACSHA256"), ("hmac-sha512", "HMACSHA512")):
        tsig = Tsig.model_validate({"name": "k", "algorithm": algorithm})
        certificates = settings.edge.certificates.model_copy(update={"acme_tsig": tsig})
        changed = settings.model_copy(update={"edge": settings.edge.model_copy(update={"certificates": certificates})})
        (issuer,) = issuing.issuers(changed)
        (solver,) = issuer.spec["acme"]["solvers"]
        assert solver["dns01"]["rfc2136"]["tsigAlgorithm"] == name


def test_local_names_come_from_an_authority_whose_key_stays() -> None:
    made = {(each.kind, each.name): each for each in objects("dev")}
    root = made["Certificate", "edge-root"]
    assert (root.namespace, root.spec["isCA"], root.spec["privateKey"]["rotationPolicy"]) == (
        "cert-manager",
        True,
        "Never",
    )
    assert made["ClusterIssuer", "edge"].spec == {"ca": {"secretName": root.spec["secretName"]}}
    assert "acme" not in json.dumps([dict(each.spec) for each in made.values()])


@pytest.mark.parametrize("stack", STACKS)
def test_the_charts_values_are_what_its_schema_allows(stack: str) -> None:
    folder = ensure("cert-manager-crds")["cert-manager-crds"]
    schema = json.loads((folder / "values.schema.json").read_text(encoding="utf-8"))
    values = cert_manager.values(stack_settings(stack).edge.replicas, "test")
    jsonschema.validate(values, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**values, "replicas": 1}, schema)


def test_a_controller_of_which_there_is_one_does_not_stop_a_node_from_draining() -> None:
    for stack, count in (("dev", 1), ("prod", 2)):
        values = cert_manager.values(stack_settings(stack).edge.replicas, "test")
        for part in (values, values["webhook"], values["cainjector"]):
            assert part["replicaCount"] == count
            assert part["podDisruptionBudget"]["enabled"] is (count > 1)


def test_the_chart_and_the_definitions_are_of_one_version() -> None:
    assert PROGRAMS["cert-manager-crds"].source.version == CERT_MANAGER.version
