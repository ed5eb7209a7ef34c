"""Every network exported once, and one Triton that serves all of them in both formats."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from hack.images.local_triton import LocalTriton
from tests.integration.triton_matrix import world
from training.models.catalog import MODELS


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def networks() -> dict[str, nn.Module]:
    return {name: world.network(name) for name in MODELS}


@pytest.fixture(scope="session")
def claims(networks: dict[str, nn.Module], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claims")
    for name, model in networks.items():
        world.export_network(name, model, folder / "models" / name)
    return folder


@pytest.fixture(scope="session")
def triton(claims: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTriton]:
    output = tmp_path_factory.mktemp("repository")
    world.lay_out(
        [world.Served(name, form) for name in MODELS for form in world.SUFFIX], claims, output
    )
    with LocalTriton(output, timeout_s=300) as running:
        yield running
