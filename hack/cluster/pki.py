"""Keys, certificates and kubeconfigs of a cluster; existing ones are kept."""

import base64
import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = datetime.timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate (or public key) and its private key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder; what it issues lies beside its own certificate."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self.pair = _pair(folder, name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.pair.key.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            subject = _subject(f"inference-operator-{name}", None)
            builder = _builder(subject, subject, key).add_extension(
                x509.BasicConstraints(ca=True, path_length=None), critical=True
            )
            builder = builder.add_extension(_CA_USAGE, critical=True)
            _write(self.pair, key, builder.sign(key, hashes.SHA256()))

    def issue(
        self,
        name: str,
        common_name: str,
        *,
        organization: str | None = None,
        hosts: Sequence[str] = (),
    ) -> Pair:
        """Issue a client's certificate; with `hosts` (names or addresses) also a server's."""
        pair = _pair(self._folder, name)
        if pair.key.exists():
            return pair
        ca_key = serialization.load_pem_private_key(self.pair.key.read_bytes(), password=None)
        assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
        ca = x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_subject(common_name, organization), ca.subject, key)
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if hosts:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        _write(pair, key, builder.sign(ca_key, hashes.SHA256()))
        return pair

    def write_kubeconfig(self, path: Path, server: str, client: Pair) -> Path:
        """Return a kubeconfig with everything embedded, readable by its owner only."""
        name = "inference-operator"
        cluster = {"server": server, "certificate-authority-data": _b64(self.pair.certificate)}
        user = {
            "client-certificate-data": _b64(client.certificate),
            "client-key-data": _b64(client.key),
        }
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
        # Every node asks for the same file: a program that reads it now must not find it empty.
        with NamedTemporaryFile("w", dir=path.parent, delete=False) as scratch:
            yaml.safe_dump(content, scratch)
        return Path(scratch.name).rename(path)


def service_account_keys(folder: Path) -> Pair:
    """Return the key pair that signs ServiceAccount tokens: `certificate` is the public key."""
    pair = Pair(folder / "service-account.pub", folder / "service-account.key")
    if not pair.key.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        pair.certificate.write_bytes(public)
        _write_key(pair.key, key)
    return pair


_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _pair(folder: Path, name: str) -> Pair:
    return Pair(folder / f"{name}.crt", folder / f"{name}.key")


def _subject(common_name: str, organization: str | None) -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(names)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    # An hour in the past: clocks of virtual machines step back after a pause.
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIFETIME)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(pair: Pair, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    _write_key(pair.key, key)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _b64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
