"""An OCI registry with a ranker in it, and a pod that knows the registry's user."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Authority, Pod, code_of
from .oci_registry import PASSWORD, USER, Layer, OciStore, oci_registry

CODE = code_of(300_000)
SHA256 = hashlib.sha256(CODE).hexdigest()
PLACE = "trading/ranker"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oci")


@pytest.fixture(scope="module")
def registry(data: Path, authority: Authority) -> Iterator[OciStore]:
    with oci_registry(data, authority) as registry:
        registry.push(PLACE, "5", [Layer(CODE, "model.py")])
        yield registry


@pytest.fixture
def reader(pod: Pod) -> Pod:
    """A pod with the registry's user."""
    pod.secret(username=USER, password=PASSWORD)
    return pod
