"""A mounted Secret becomes a header and trust, and its values never a message."""

from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.http_credentials import Credentials
from inference_operator.load.failure import LoadError
from inference_operator.load.sources.credentials import http_credentials, read_secret


def secret(tmp_path: Path, **keys: str) -> Path:
    folder = tmp_path / "artifact-store"
    folder.mkdir()
    for key, value in keys.items():
        (folder / key.replace("_", ".")).write_text(value)
    return folder


def read_credentials(folder: Path) -> Credentials:
    return http_credentials(read_secret(folder))


def test_a_token_is_sent_as_a_bearer_token(tmp_path: Path) -> None:
    assert read_credentials(secret(tmp_path, token="s3cret\n")) == Credentials("Bearer s3cret")


def test_a_user_is_sent_as_basic_authentication(tmp_path: Path) -> None:
    credentials = read_credentials(secret(tmp_path, username="Aladdin", password="open sesame"))
    assert credentials.authorization == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_an_authority_alone_is_enough(tmp_path: Path) -> None:
    assert read_credentials(secret(tmp_path, ca_crt="-----BEGIN")) == Credentials(
        None, "-----BEGIN"
    )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"token": ""}, "found the keys (none)"),
        ({"accessKey": "s3cret", "bucket": "x"}, "found the keys accessKey, bucket"),
        ({"username": "s3cret"}, "must come together"),
        ({"password": "s3cret"}, "must come together"),
        ({"token": "s3cret\nX-Evil: 1"}, "line breaks"),
        ({"token": "s3cretä"}, "outside ASCII"),
    ],
)
def test_other_keys_are_refused_without_showing_values(
    tmp_path: Path, keys: dict[str, str], message: str
) -> None:
    with pytest.raises(LoadError) as caught:
        read_credentials(secret(tmp_path, **keys))
    assert caught.value.reason is Reason.ARTIFACT_FORBIDDEN
    assert message in str(caught.value)
    assert "`token`, or `username` and `password`, or `ca.crt`" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_secret_that_is_not_mounted_says_so(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="Secret store cannot be used: it is not mounted"):
        read_credentials(tmp_path / "store")


def test_an_absent_secret_has_a_reason_and_a_remedy_of_its_own(tmp_path: Path) -> None:
    """The volume is optional, so the kubelet mounts an empty folder for a missing Secret."""
    with pytest.raises(LoadError) as caught:
        read_credentials(secret(tmp_path))
    assert caught.value.reason is Reason.SECRET_NOT_FOUND
    assert "does not exist in this namespace, or it has no keys; create it" in str(caught.value)


def test_credentials_do_not_print() -> None:
    assert "s3cret" not in repr(Credentials("Bearer s3cret"))
