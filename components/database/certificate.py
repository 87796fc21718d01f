"""A certificate that its few clients know: for PostgreSQL, and between the cluster's gateways and the API gateway.

No authority is asked: those names exist on one host only. The class is stored in the state by this module's path: it
must not move.
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource

from components.state_only import Props, StateOnlyProvider
from settings.database import KEY_YEARS

_INPUTS: Final = ("names", "address", "day")


class CertificateProvider(StateOnlyProvider):
    """Makes a key and signs a certificate with it; both stay in the state.

    Properties: `names` (the first is the subject's), `address`, `day` (when it was wanted), and what is made, in PEM:
    `certificate` and `key`.
    """

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Another name, address or day is another certificate."""
        changed = [key for key in _INPUTS if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed, stables=[], delete_before_replace=False)

    def create(self, props: Props) -> CreateResult:
        """Make one."""
        certificate, key = _made(props["names"], props["address"], props["day"])
        return CreateResult(f"{props['names'][0]}-{props['day']}", {**props, "certificate": certificate, "key": key})


def _made(names: Sequence[str], address: str, day: str) -> tuple[str, str]:
    # Only who makes one needs the library, not everybody who reads a program.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives.append(x509.IPAddress(ipaddress.IPv4Address(address)))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=begin.year + KEY_YEARS, day=min(begin.day, 28)))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


class Certificate(Resource, module="database", name="Certificate"):
    """A certificate that signs itself, and its key."""

    certificate: pulumi.Output[str]
    """In PEM; who connects knows it."""
    key: pulumi.Output[str]
    """In PEM; secret."""

    def __init__(
        self,
        resource_name: str,
        names: Sequence[str],
        address: str,
        day: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs: Props = {"names": list(names), "address": address, "day": day, "certificate": None, "key": None}
        hidden = pulumi.ResourceOptions(additional_secret_outputs=["key"])
        super().__init__(CertificateProvider(), resource_name, inputs, pulumi.ResourceOptions.merge(opts, hidden))
