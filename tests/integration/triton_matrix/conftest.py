"""Every network exported and registered once, and one Triton that serves both formats of all."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from hack.images.local_triton import LocalTriton
from hack.services.mlflow.server import LocalMlflow
from inference_operator.domain.serving_unit import ServingUnit
from tests.integration.triton_matrix import registry, served_networks
from tests.made_once import made_once
from training.models.catalog import MODELS


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def networks() -> dict[str, nn.Module]:
    return {name: served_networks.network(name) for name in MODELS}


@pytest.fixture(scope="session")
def claims(networks: dict[str, nn.Module], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the exported networks, in folders that tests may change."""
    folder = tmp_path_factory.mktemp("claims")
    for name, model in networks.items():
        export = partial(served_networks.export_network, name, model)
        made = made_once(f"export-{name}", export, Path(served_networks.__file__))
        shutil.copytree(made, folder / "models" / name)
    return folder


@pytest.fixture(scope="session")
def tracking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMlflow]:
    with (
        pytest.MonkeyPatch.context() as patched,
        LocalMlflow(tmp_path_factory.mktemp("mlflow")) as server,
    ):
        patched.setenv("no_proxy", "127.0.0.1")
        yield server


@pytest.fixture(scope="session")
def units(claims: Path, tracking_server: LocalMlflow) -> dict[served_networks.Served, ServingUnit]:
    """Return the units of all aliases, once all versions are registered."""
    every = [
        served_networks.Served(name, form) for name in MODELS for form in served_networks.SUFFIX
    ]
    for served in every:
        registry.register_network(served, claims, tracking_server.uri)
    return {served: registry.unit_of(served, tracking_server.uri) for served in every}


@pytest.fixture(scope="session")
def triton(
    units: dict[served_networks.Served, ServingUnit], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalTriton]:
    plans, output = (tmp_path_factory.mktemp(name) for name in ("plans", "repository"))
    for unit in units.values():
        registry.load(unit, plans, output)
    with LocalTriton(output, timeout_s=300) as running:
        yield running
