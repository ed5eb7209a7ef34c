"""Servers of the benchmark: Triton with the trained models, Redis, the gateway, a plain program."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.gateway.processes import PlainServer
from hack.images.local_triton import LocalTriton
from hack.services.gateway import LocalGateway
from hack.services.redis import LocalRedis
from hack.services.server_process import ServerProcess, free_ports

PRICE = "lstm-price-predictor"


@dataclass(frozen=True, slots=True)
class Scene:
    """Running servers, and what is asked of them."""

    grpc: str
    gateway: str
    plain: str
    processes: dict[str, ServerProcess]
    bars: npt.NDArray[np.float64]
    text: str


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Start all servers with the settings of manifests/gateway, and end them."""
    from hack.demo.ensemble import rows
    from hack.demo.trading import Trading
    from hack.stack.parts import Ports, settings

    repository = folder / "models"
    folder.mkdir(parents=True, exist_ok=True)
    if not repository.exists():
        with (folder / "models.log").open("w") as lines, redirect_stderr(lines):
            Trading.of_sample().lay_out(repository)
    bars, texts, _ = rows()
    with ExitStack() as stack:
        triton = stack.enter_context(LocalTriton(repository))
        redis = stack.enter_context(LocalRedis(folder / "redis"))
        ports = Ports(*free_ports(6))
        sections: dict[str, Any] = {
            **settings(folder, ports),
            "triton": {"targets": {"triton": {"address": triton.grpc, "balance": "pick_first"}}},
            "redis": {"url": redis.url},
        }
        gateway = stack.enter_context(LocalGateway(folder / "gateway", sections, free_ports(1)[0]))
        plain = stack.enter_context(PlainServer(folder / "plain", triton.grpc, free_ports(1)[0]))
        processes = {"gateway": gateway.process, "plain": plain.process}
        yield Scene(triton.grpc, gateway.uri, plain.uri, processes, bars[0], texts[0])
