"""A Secret's values become credentials in one way, for the operator and the init container."""

import base64
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inference_operator.adapters.mlflow.registry_secrets import Secrets
from inference_operator.domain.api_resource import ApiResource
from inference_operator.domain.http_credentials import (
    Credentials,
    CredentialsError,
    is_header_value,
    trust,
)
from inference_operator.load.sources.credentials import http_credentials, read_secret

SECRETS: tuple[dict[str, str], ...] = (
    {"token": "t0ken"},
    {"token": " t0ken\n", "username": "desk", "password": "s3cret"},
    {"username": "desk", "password": "s3cret:ä"},
    {"ca.crt": "PEM", "unknown": "x"},
    {"token": "", "ca.crt": "PEM"},
)


class Cluster:
    """Has one Secret."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.data = {key: base64.b64encode(v.encode()).decode() for key, v in values.items()}

    async def get(self, resource: ApiResource, namespace: str, name: str) -> Mapping[str, Any]:
        return {"data": self.data}


@pytest.mark.parametrize("values", SECRETS, ids=str)
async def test_the_operator_and_the_init_container_read_a_secret_alike(
    values: dict[str, str], tmp_path: Path
) -> None:
    for key, value in values.items():
        (tmp_path / key).write_text(value)
    of_operator = await Secrets(Cluster(values), lambda: 0.0).access(("desk-7", "registry"))

    assert of_operator == http_credentials(read_secret(tmp_path))
    stripped = {key: value.strip() for key, value in values.items()}
    assert of_operator == Credentials.of(stripped) != Credentials()


def test_a_token_comes_before_a_user() -> None:
    values = {"token": "t0ken", "username": "desk", "password": "s3cret"}
    assert Credentials.of(values) == Credentials("Bearer t0ken")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "found the keys (none)"),
        ({"key": "s3cret", "a": "s3cret", "token": ""}, "found the keys a, key, token"),
        ({"username": "s3cret", "password": ""}, "`username` and `password` must come together"),
        ({"token": "s3cret\r\nX-Evil: 1"}, "`token` holds line breaks or characters outside ASCII"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_their_keys(
    values: dict[str, str], message: str
) -> None:
    with pytest.raises(CredentialsError) as caught:
        Credentials.of(values)
    assert str(caught.value) == message


def test_credentials_show_nothing_that_is_secret() -> None:
    assert repr(Credentials("Bearer t0ken", "PEM")) == "Credentials()"


@pytest.mark.parametrize("character", ["\r", "\n", "\t", "\x00", "\x7f", "\x9b", "ä", "\u202e"])
def test_a_header_holds_printable_ascii_only(character: str) -> None:
    assert is_header_value("Bearer a/b+c==")
    assert not is_header_value(f"a{character}b")


@pytest.fixture(scope="module")
def authority() -> str:
    """Return the PEM text of an authority that no system trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
    begin = datetime(2031, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(9))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_an_authority_is_trusted_beside_the_systems(authority: str) -> None:
    system, widened = trust(None), trust(f"# Größe\n{authority}")

    for context in (system, widened):
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert widened.cert_store_stats()["x509_ca"] == system.cert_store_stats()["x509_ca"] + 1


@pytest.mark.parametrize(
    "text", ["", "s3cret", "-----BEGIN CERTIFICATE-----\ns3cret\n-----END CERTIFICATE-----", "ä"]
)
def test_a_text_without_a_certificate_is_refused(text: str) -> None:
    with pytest.raises(
        CredentialsError, match=r"`ca.crt` of .* does not hold a usable certificate"
    ) as caught:
        trust(text)
    assert "s3cret" not in str(caught.value)
