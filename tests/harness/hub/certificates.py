"""Certificates made on the spot: an authority nobody knows, and what it signs."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Authority:
    """Whose signature is trusted by who has `file`."""

    file: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def new_authority(folder: Path) -> Authority:
    """Return a new authority, its certificate written into `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("An authority of a test")
    built = (
        _builder(name, name, key, -1, 30)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = built.sign(key, hashes.SHA256())
    file = folder / "authority.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(file, key, certificate)


def new_certificate(
    folder: Path,
    names: Iterable[str],
    authority: Authority | None = None,
    days: tuple[int, int] = (-1, 30),
) -> Path:
    """Return a PEM file with key and certificate for `names` (hosts or addresses).

    Signed by itself without an `authority`; valid between so many days from now.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name("A server of a test")
    issuer = subject if authority is None else authority.certificate.subject
    signer = key if authority is None else authority.key
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    built = (
        _builder(subject, issuer, key, *days)
        .add_extension(x509.SubjectAlternativeName([_host(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(identifier, critical=False)
    )
    certificate = built.sign(signer, hashes.SHA256())
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, first: int, last: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=first))
        .not_valid_after(now + timedelta(days=last))
    )


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
