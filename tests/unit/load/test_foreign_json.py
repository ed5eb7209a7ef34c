"""Answers and Secrets of a thousand levels end in a sentence, as others of another shape do."""

import pytest

from inference_operator.load.failure import LoadError
from inference_operator.load.sources.credentials import Secret
from inference_operator.load.sources.gcs import CloudStorage
from inference_operator.load.sources.oci import OciRegistry
from inference_operator.load.sources.oci_login import DOCKER_CONFIG, held_for

DEEP = "[" * 1000 + "]" * 1000


def test_a_docker_configuration() -> None:
    with pytest.raises(LoadError, match="is not a Docker configuration"):
        held_for("ghcr.test", Secret("store", {DOCKER_CONFIG: f'{{"auths": {DEEP}}}'}))


def test_the_key_of_a_service_account() -> None:
    with pytest.raises(LoadError, match="is not a service account's key"):
        CloudStorage(Secret("store", {"credentials.json": DEEP}), 1.0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (DEEP.encode(), "its manifest is not read: found more than 32 levels of nesting"),
        (b" " * ((4 << 20) + 1), "its manifest is not read: found 4,194,305 bytes, expected at"),
        (b"<html>", "its manifest is not JSON: check that this is a registry"),
    ],
    ids=["levels", "bytes", "page"],
)
def test_a_manifest_of_a_registry(body: bytes, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = "oci://ghcr.test/fx:1"
    monkeypatch.setattr(OciRegistry, "_read", lambda *_: body)
    with pytest.raises(LoadError, match=words):
        OciRegistry(uri, None, 1.0).files(uri)
