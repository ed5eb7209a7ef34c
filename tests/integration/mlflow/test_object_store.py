"""Artifacts in a real S3 under the server: nobody but the server has its keys."""

import hashlib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.services.mlflow.server import LocalMlflow
from tests.integration.load.conftest import make_authority
from tests.integration.load.object_store import BUCKET, ObjectStore, object_store
from tests.trained_folders import torchscript_folder
from training.registry import Entry, register

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    folder = tmp_path / "store"
    folder.mkdir()
    with object_store(folder, make_authority(folder)) as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, store: ObjectStore) -> Iterator[LocalMlflow]:
    keys = {
        "AWS_ACCESS_KEY_ID": "ADMIN",
        "AWS_SECRET_ACCESS_KEY": "admin-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MLFLOW_S3_ENDPOINT_URL": store.endpoint,
    }
    artifacts = f"s3://{BUCKET}/mlflow"
    with LocalMlflow(tmp_path / "mlflow", artifacts=artifacts, env=keys) as running:
        yield running


def test_a_version_lies_in_s3_and_is_fetched_through_the_server(
    server: LocalMlflow, store: ObjectStore, tmp_path: Path
) -> None:
    version = register(torchscript_folder(tmp_path / "trained"), Entry("price"), server.uri)
    listed = store.admin.list_objects_v2(Bucket=BUCKET, Prefix="mlflow/")["Contents"]
    assert any(entry["Key"].endswith(version.artifact) for entry in listed)
    query = f"name=price&version=1&path={version.artifact}"
    with urllib.request.urlopen(f"{server.uri}/model-versions/get-artifact?{query}") as answer:
        assert hashlib.sha256(answer.read()).hexdigest() == version.sha256
