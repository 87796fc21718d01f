"""The sandbox's own certificate authority: the servers speak TLS, and nobody needs an "insecure" flag."""

import datetime
import ipaddress
import os
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.faults import SandboxError

_LIFETIME = datetime.timedelta(days=3650)
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, whole or not at all."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


def ensure_authority(folder: Path) -> Path:
    """Make the certificate authority once.

    Returns:
        The bundle of the system's authorities and this one.
    """
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if not (certificate.exists() and key.exists()):
        made = issue_root("luxima sandbox CA", _LIFETIME)
        write_private(key, made.key)
        certificate.write_bytes(made.certificate)
        for signed in folder.glob("*/public.crt"):
            signed.unlink()
    bundle = folder / "ca-bundle.pem"
    content = _system_authorities() + certificate.read_bytes()
    if not bundle.exists() or bundle.read_bytes() != content:
        temporary = bundle.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(content)
        temporary.replace(bundle)
    return bundle


def ensure_server(folder: Path, name: str, addresses: list[str], authority: Path | None = None) -> tuple[Path, Path]:
    """Make a server's certificate once, in a folder of its own.

    Args:
        folder: Where that folder is made.
        name: The server; its folder's name.
        addresses: IP addresses and names it is reached at; `localhost` is always in.
        authority: Certificate of who signs it, the key beside it; the sandbox's own, in `folder`, when None.

    Returns:
        The certificate and the private key.
    """
    own = folder / name
    own.mkdir(mode=0o700, exist_ok=True)
    certificate, key, names = own / "public.crt", own / "private.key", own / "addresses"
    wanted = ",".join(sorted(addresses))
    if certificate.exists() and key.exists() and names.exists() and names.read_text() == wanted:
        return certificate, key
    alternatives = [x509.DNSName("localhost"), *map(_alternative, addresses)]
    issued = _leaf(_authority(authority or folder / "ca.pem"), f"luxima sandbox {name}", alternatives, _LIFETIME, None)
    write_private(key, issued.key)
    certificate.write_bytes(issued.certificate)
    names.write_text(wanted)
    return certificate, key


def _alternative(place: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(place))
    except ValueError:
        return x509.DNSName(place)


@dataclass(frozen=True)
class Issued:
    """A certificate for somebody else, in PEM."""

    certificate: bytes
    """The certificate; the authority itself is no part of it."""
    key: bytes
    """Its private key; secret."""
    authority: bytes
    """Who signed it."""


def issue(folder: Path, names: Sequence[str], lifetime: datetime.timedelta, key: bytes | None = None) -> Issued:
    """Sign a server's certificate for DNS names.

    Args:
        folder: The authority's folder.
        names: The names; the first is the subject too.
        lifetime: From now on.
        key: The private key to go on with; a new one when None.
    """
    return sign(_authority(folder / "ca.pem"), names, lifetime, key)


def sign(root: Issued, names: Sequence[str], lifetime: datetime.timedelta, key: bytes | None = None) -> Issued:
    """The same by an authority of its own, as `issue_root` makes them."""
    return _leaf(root, names[0], [x509.DNSName(name) for name in names], lifetime, key)


def issue_root(name: str, lifetime: datetime.timedelta, key: bytes | None = None) -> Issued:
    """An authority of its own, which nothing else in the sandbox trusts.

    Args:
        name: Its subject.
        lifetime: From now on.
        key: The private key to go on with; a new one when None.
    """
    private = ec.generate_private_key(ec.SECP256R1()) if key is None else _private(key)
    subject = _name(name)
    built = (
        _builder(subject, subject, private.public_key(), lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    content = built.public_bytes(serialization.Encoding.PEM)
    return Issued(content, _pem(private), content)


def _leaf(
    root: Issued,
    subject: str,
    alternatives: Sequence[x509.GeneralName],
    lifetime: datetime.timedelta,
    key: bytes | None,
) -> Issued:
    with warnings.catch_warnings():
        # kwok gives the authority of a cluster the serial number 0, which is none of its user's business.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        authority, signer = x509.load_pem_x509_certificate(root.certificate), _signer(root.key)
    private = ec.generate_private_key(ec.SECP256R1()) if key is None else _private(key)
    built = (
        _builder(_name(subject), authority.subject, private.public_key(), lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return Issued(built.public_bytes(serialization.Encoding.PEM), _pem(private), root.certificate)


def _authority(certificate: Path) -> Issued:
    """An authority by its certificate's file; the key is the file beside it."""
    key = certificate.with_suffix(".key")
    content, secret = certificate.read_bytes(), key.read_bytes()
    try:
        _signer(secret)
    except ValueError:
        raise SandboxError(f"{key} is not the sandbox's key; run make clean and make up") from None
    return Issued(content, secret, content)


def _name(text: str) -> x509.Name:
    """A subject; its one attribute has at most 64 characters."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic curve's key")
    return key


def _signer(pem: bytes) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("a key of another kind")
    return key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    lifetime: datetime.timedelta,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + lifetime)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _system_authorities() -> bytes:
    """The authorities that this machine trusts, as the user's environment or the system says."""
    candidates = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *_SYSTEM_BUNDLES)
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            content = Path(candidate).read_bytes()
            return content if content.endswith(b"\n") else content + b"\n"
    return b""
