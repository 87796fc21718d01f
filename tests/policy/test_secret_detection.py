"""What looks like a secret and what does not; documents that operators really write must not be taken for keys."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.rules.secret_detection import assigned_secret, literal, secret_in, secret_name

from .mutants.of_machines import KEYS


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD",
        "db_password",
        "dbPassword",
        "JWT_SECRET",
        "API_TOKEN",
        "apiKey",
        "ANON_KEY",
        "SERVICE_ROLE_KEY",
        "SLACK_WEBHOOK",
        "SENTRY_DSN",
        "key",
        "tls.private-key",
    ],
)
def test_secret_names(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "PORT",
        "KEYCLOAK",
        "MONKEY",
        "PUBLIC_KEY",
        "NEXT_PUBLIC_SUPABASE_ANON_KEY",
        "TOKEN_TTL",
        "SECRET_NAME",
        "PASSWORD_FILE",
        "CACHE_KEY",
        "PASSENGER",
        "",
    ],
)
def test_other_names(name: str) -> None:
    assert not secret_name(name)


@given(st.binary(min_size=24, max_size=64))
def test_digests_are_not_taken_for_secrets(raw: bytes) -> None:
    assert secret_in(f"checksum {raw.hex()}") is None
    digest = f"sha256:{raw.hex()}"
    assert secret_in(f"image@{digest}") is None


def test_a_key_in_hex_is_found_alone_in_a_comment_of_a_document() -> None:
    lines = "\n".join(f"line: {number}" for number in range(100))
    assert secret_in(f"{lines}\n  # {'9f86d081884c7d65' * 4}\n") is not None
    assert secret_in(f"{lines}\n  # {'9f86d081884c7d65' * 4}  k3s\n") is None


def test_generated_keys_are_found() -> None:
    generator = random.Random(1)  # noqa: S311 - the same keys in every run
    keys = [base64.b64encode(generator.randbytes(32)).decode() for _ in range(300)]
    missed = [key for key in keys if secret_in(f"key: {key}") is None]
    assert len(missed) <= 6, "one in fifty is mostly of one kind of character; more would be a hole"


@pytest.mark.parametrize(
    "text",
    [
        "sum by (service_name) (rate(http_request_duration_seconds_bucket{environment='production'}[5m]))",
        "/var/lib/kubelet/pods/volumes/kubernetes.io~projected/kube-api-access/ca.crt",
        "KubePersistentVolumeFillingUpWithin24HoursForStatefulSet2",
        "cert-manager.io/v1alpha1-acme-challenge-solver-http01-resources",
        "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2",
        "0d2b5c2d-5bd1-4cf0-a9a4-a1a6a2f3be0c",
        "postgres://luxima@db/luxima",
        "postgres://luxima:${PASSWORD}@db/luxima",
        "postgres://luxima:$(PASSWORD)@db/luxima",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0k8Zr3dYV2m1PpQwLxN7cTtUu5oRj9sBvGhKfXyA2e ops",
        "ThisIsAVeryLongClassNameWithManyWords2AndANumber",
        "short",
        "bc:24:11:5e:9a:0f",
        "fd00:1234:5678:9abc:def01234",
    ],
)
def test_what_operators_write_is_not_taken_for_a_secret(text: str) -> None:
    assert secret_in(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("password: hunter22", "password"),
        ("  - K3S_TOKEN=hunter22", "K3S_TOKEN"),
        ('users: [{name: a, passwd: "hunter22"}]', "passwd"),
        ('{"dbPassword": "hunter22"}', "dbPassword"),
        ("password: $6$rounds=4096$abc", None),
        ("token-file: /etc/token", None),
        ("etcd-s3-config-secret: k3s-etcd-snapshot", None),
        ("etcd-s3-secret-key: hunter22", "etcd-s3-secret-key"),
        ("lock_passwd: true", None),
        ("secrets-encryption: true", None),
        ("token:\n  file: x", None),
        ("password: 12", None),
    ],
)
def test_assignments_in_documents(text: str, name: str | None) -> None:
    assert assigned_secret(text) == name


def test_references_are_not_literal() -> None:
    assert [
        text for text in ("", "true", "$X", "/run/x", "@/run/x", "<set>", "{{ x }}", "hunter22") if literal(text)
    ] == ["hunter22"]


@pytest.mark.parametrize("name", sorted(KEYS))
def test_keys_of_vendors_connection_strings_hex_and_base64(name: str) -> None:
    assert secret_in(KEYS[name]) is not None
    assert secret_in(f"--setting={KEYS[name]}") is not None
