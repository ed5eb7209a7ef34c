"""A real MLflow server for the session, and versions that are registered in it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.services.mlflow.server import LocalMlflow
from tests.trained_folders import torchscript_folder
from training.registry import Entry, Version, register


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMlflow]:
    with LocalMlflow(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def name() -> str:
    """A registered model's name that no other test uses."""
    return f"price-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def registered(mlflow_server: LocalMlflow, name: str, tmp_path: Path) -> Version:
    """Version 1 of a TorchScript model, that `challenger` names."""
    folder = torchscript_folder(tmp_path / "trained")
    return register(folder, Entry(name, alias="challenger"), mlflow_server.uri)
