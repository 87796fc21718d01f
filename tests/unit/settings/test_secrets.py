"""Secrets: needed, encrypted, of the right form; and never shown."""

import base64
import dataclasses
import urllib.parse

import pytest

from settings.secrets import SECRETS as DECLARED
from tests.unit.settings.rule_cases.coolify import on
from tests.unit.settings.stacks import KUBECONFIG, OF_COOLIFY, OF_OFF_SITE, ROOT, SECRETS, Checkout

OF_ANOTHER_DATABASE = {
    "serviceRoleKey": "planted-service-role-key",
    "databaseMonitorPassword": "planted-monitor-password-of-40-letters--",
}
MODES = {"k3s": {}, "existing": {"kubernetes.mode": "existing"}}


def command(key: str) -> str:
    """What sets a secret; what has lines comes from a file."""
    file = " < FILE" if key in {"sshPrivateKey", "kubeconfig"} else ""
    return f"pulumi config set --secret luxima:{key} --stack dev{file}"


def told(mistakes: list[str]) -> dict[str, str]:
    """What is said of each secret."""
    return {mistake.split(":")[1]: mistake for mistake in mistakes}


def test_a_missing_secret_is_named_with_the_command_that_sets_it(dev: Checkout) -> None:
    dev.secrets.clear()
    said = told(dev.mistakes())
    assert said.keys() == SECRETS.keys()
    for key, mistake in said.items():
        assert mistake.startswith(f"luxima:{key}: is not set; set it with `{command(key)}`; it is the ")


def test_a_secret_in_plain_text_is_refused_and_not_shown(dev: Checkout) -> None:
    dev.secrets, dev.plain = {}, {**SECRETS, "kubeconfig": KUBECONFIG}
    said = told(dev.mistakes({"kubernetes.mode": "existing"}))
    assert said.keys() == dev.plain.keys()
    for key, mistake in said.items():
        assert mistake.startswith(f"luxima:{key}: is in plain text, so it has leaked; make a new one and set it with `")
        assert not leaks("".join(said.values()), dev.plain[key])


def test_a_secret_in_plain_text_in_the_checkout_is_refused_though_another_one_is_used(dev: Checkout) -> None:
    text = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    file = dev.folder / "Pulumi.dev.yaml"
    file.write_text(f"{text}\n  luxima:minioRootPassword: {{secure: v1:abc}}\n", encoding="utf-8")
    assert dev.mistakes() == []
    file.write_text(f"{text}\n  luxima:minioRootPassword: hunter2-hunter2\n", encoding="utf-8")
    (mistake,) = dev.mistakes()
    assert "luxima:minioRootPassword: is in plain text, so it has leaked" in mistake
    assert "hunter2" not in mistake


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("proxmoxApiToken", "luxima@pve!deploy"),
        ("proxmoxApiToken", "luxima@pve!d=0b6f3c1e-9d55-4f0a-8a71-3c5b9f2d7e10"),
        ("proxmoxApiToken", "luxima!deploy=0b6f3c1e-9d55-4f0a-8a71-3c5b9f2d7e10"),
        ("proxmoxApiToken", SECRETS["proxmoxApiToken"] + "\n"),
        ("smtpPassword", "planted"),
        ("smtpPassword", "planted-password\n"),
        ("minioRootPassword", "planted-of-31-letters-----------"[:31]),
        ("logAgentPassword", "planted with a blank, and of more than 32"),
        ("dnsTsigSecret", "planted secret"),
        ("dnsTsigSecret", base64.b64encode(b"fifteen bytes..").decode()),
        ("sshPrivateKey", "planted"),
        ("sshPrivateKey", SECRETS["sshPrivateKey"].replace("END", "ENDE")),
        ("sshPrivateKey", SECRETS["sshPrivateKey"].replace("OPENSSH", "ENCRYPTED")),
        ("sshPrivateKey", SECRETS["sshPrivateKey"].replace("b3Bl", "b3Bl!")),
        (
            "sshPrivateKey",
            "-----BEGIN OPENSSH PRIVATE KEY-----\n"
            + base64.b64encode(b"openssh-key-v1\0\0\0\0\x0aaes256-ctr planted").decode()
            + "\n-----END OPENSSH PRIVATE KEY-----\n",
        ),
        ("kubeconfig", "planted: [unclosed"),
        ("kubeconfig", "planted-text"),
        ("kubeconfig", "users: [{name: planted}]"),
    ],
)
def test_a_secret_of_the_wrong_form_is_refused_and_not_shown(key: str, wrong: str, dev: Checkout) -> None:
    dev.secrets = {**SECRETS, "kubeconfig": KUBECONFIG, key: wrong}
    (mistake,) = dev.mistakes({"kubernetes.mode": "existing"})
    assert mistake.startswith(f"luxima:{key}: has the wrong form; give ")
    assert f"set it with `{command(key)}`" in mistake
    assert not leaks(mistake, wrong)


@pytest.mark.parametrize(
    ("key", "right"),
    [
        ("proxmoxApiToken", "root@pam!luxima-deploy=0B6F3C1E-9D55-4F0A-8A71-3C5B9F2D7E10"),
        ("smtpPassword", "8 chars."),
        ("minioRootPassword", "0123456789abcdef" * 2),
        ("dnsTsigSecret", base64.b64encode(b"sixteen bytes...").decode()),
        ("sshPrivateKey", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----"),
        ("sshPrivateKey", "-----BEGIN RSA PRIVATE KEY-----\r\nMIIE\r\nowIB\r\n-----END RSA PRIVATE KEY-----\r\n"),
    ],
)
def test_a_secret_of_the_right_form_is_taken(key: str, right: str, dev: Checkout) -> None:
    dev.secrets[key] = right
    assert dev.mistakes() == []


def test_a_kubeconfig_is_needed_for_an_existing_cluster_only(dev: Checkout) -> None:
    (missing,) = dev.mistakes({"kubernetes.mode": "existing"})
    assert missing.startswith(
        "luxima:kubeconfig: is not set; set it with `pulumi config set --secret luxima:kubeconfig"
    )
    dev.secrets["kubeconfig"] = KUBECONFIG
    assert dev.mistakes({"kubernetes.mode": "existing"}) == []
    (unused,) = dev.mistakes()
    assert unused == (
        "luxima:kubeconfig: is set, but used with luxima:kubernetes.mode existing only; "
        "remove it with `pulumi config rm luxima:kubeconfig --stack dev`"
    )


def test_a_key_for_certificates_is_needed_with_issuer_acme_only(dev: Checkout) -> None:
    acme = {"issuer": "acme", "acme_email": "a@luxima.id", "acme_tsig": {"name": "luxima-dev-acme"}}
    asked = [each for each in dev.mistakes({"edge.certificates": acme}) if "acmeTsigSecret" in each]
    assert [each.partition(";")[0] for each in asked] == ["luxima:acmeTsigSecret: is not set"]
    dev.secrets["acmeTsigSecret"] = SECRETS["dnsTsigSecret"]
    assert not [each for each in dev.mistakes({"edge.certificates": acme}) if "acmeTsigSecret" in each]
    (unused,) = dev.mistakes()
    assert unused.startswith("luxima:acmeTsigSecret: is set, but used with luxima:edge.certificates.issuer acme only; ")


def test_no_kubeconfig_is_asked_for_while_the_mode_is_unknown(dev: Checkout) -> None:
    assert not [
        mistake for mistake in dev.mistakes({"kubernetes.mode": "k8s"}) if mistake.startswith("luxima:kubeconfig")
    ]


def test_settings_know_which_secrets_are_set_and_no_value(dev: Checkout) -> None:
    settings = dev.load()
    assert settings.secrets.keys == set(SECRETS)
    everything = f"{settings!r}{settings.model_dump()}{settings.model_dump_json()}"
    assert not any(leaks(everything, value) for value in SECRETS.values())


def test_no_message_shows_a_secret(dev: Checkout) -> None:
    """Secrets where they belong, mistakes in everything else, and an area that is encrypted as a whole."""
    dev.secrets = {**SECRETS, "kubeconfig": "planted: kubeconfig"}
    wrong = {
        "environment.uptime_objective_percent": 99,
        "retention.metrics_days": "30",
        "compute.ssh.authorized_keys": [SECRETS["sshPrivateKey"]],
        "compute.endpoint": f"https://root:{SECRETS['minioRootPassword']}@pve.luxima.id/",
        "storage.root_password": SECRETS["minioRootPassword"],
        "minioRootPasword": SECRETS["minioRootPassword"],
    }
    report = "\n".join(dev.report(wrong))
    assert len(dev.mistakes(wrong)) >= len(wrong)
    assert not any(leaks(report, value) for value in dev.secrets.values())


def test_values_of_an_encrypted_area_are_not_shown(dev: Checkout) -> None:
    dev.secrets["backup"] = '{"database_interval_hours": "planted", "log_flush_max_minutes": 100000}'
    report = "\n".join(dev.report({"backup": {}}))
    assert "luxima:backup.database_interval_hours: its value is text, not a whole number" in report
    assert "luxima:backup.log_flush_max_minutes: its value is too large; give at most 1440" in report
    assert "planted" not in report
    assert "100000" not in report


def test_those_of_a_database_elsewhere_are_asked_for_with_it_alone(dev: Checkout) -> None:
    edits = {"database.mode": "existing", "dns.hosts.public.supabase": ["10.10.10.41"]}
    passphrase = dev.secrets.pop("databaseBackupPassphrase")
    assert [mistake.split(":")[1] for mistake in dev.mistakes(edits)] == list(OF_ANOTHER_DATABASE)
    dev.secrets |= OF_ANOTHER_DATABASE
    assert dev.mistakes(edits) == []
    dev.secrets["databaseBackupPassphrase"] = passphrase
    assert all("is set, but used with luxima:database.mode existing only" in mistake for mistake in dev.mistakes())


def test_the_search_for_leaks_finds_one() -> None:
    value = SECRETS["minioRootPassword"]
    assert leaks(f"it is {value}", value)
    assert leaks(base64.b64encode(value.encode()).decode(), value)
    assert leaks("key: b3BlbnNzaC1rZXktdjEAAAAABG5vbmUg", SECRETS["sshPrivateKey"])
    assert not leaks("nothing", value)


def test_every_secret_is_tried_here() -> None:
    others = {*OF_ANOTHER_DATABASE, *OF_COOLIFY, "acmeTsigSecret", "kubeconfig", *OF_OFF_SITE}
    assert {secret.key for secret in DECLARED} == {*SECRETS, *others}
    assert all(dataclasses.astuple(secret) for secret in DECLARED)


def leaks(text: str, secret: str) -> bool:
    """Whether `text` has the secret, or a piece of it, plain or encoded."""
    forms = {secret, base64.b64encode(secret.encode()).decode(), urllib.parse.quote(secret, safe="")}
    pieces = {line[:16] for line in secret.splitlines() if len(line) >= 16 and not line.startswith("-----")}
    return any(form in text for form in forms | pieces)


def test_the_secrets_of_coolify_are_asked_for_once_its_api_is_enabled(dev: Checkout) -> None:
    assert dev.mistakes(on({"delivery.coolify.api": "disabled", "delivery.coolify.applications": {}})) == []
    missing = dev.mistakes(on({}))
    assert [line.partition(":")[2].partition(":")[0] for line in missing] == list(OF_COOLIFY)
    dev.secrets |= OF_COOLIFY
    assert dev.mistakes(on({})) == []


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("coolifyApiToken", "plantedcoolifytokenofmorethanfortyletters0000"),
        ("coolifyVariables", "planted"),
        ("coolifyVariables", '{"storefront": "planted-api-key"}'),
        ("coolifyVariables", '{"storefront": {"PORT": 3000}}'),
    ],
)
def test_a_secret_of_coolify_has_its_form(key: str, wrong: str, dev: Checkout) -> None:
    dev.secrets |= {**OF_COOLIFY, key: wrong}
    (mistake,) = dev.mistakes(on({}))
    assert mistake.startswith(f"luxima:{key}: has the wrong form; give ")
    assert "planted" not in mistake
