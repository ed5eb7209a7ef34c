"""Parts of the stack: their ports, their settings, and the order in which they start."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import yaml

from hack.images.local_triton import LocalTriton
from hack.product import ROOT
from hack.services.gateway import LocalGateway
from hack.services.prometheus import LocalPrometheus
from hack.services.redis import LocalRedis
from hack.services.server_process import free_ports

_LOCAL = ROOT / "config" / "local.yaml"
_ROUTES = ROOT / "manifests" / "gateway" / "settings.yaml"


@dataclass(frozen=True, slots=True)
class Ports:
    """A port on loopback for each address of the stack."""

    gateway: int = 8005
    triton_http: int = 8000
    triton_grpc: int = 8001
    triton_metrics: int = 8002
    redis: int = 6379
    prometheus: int = 9091

    @classmethod
    def free(cls) -> Self:
        """Return ports at which no program listens."""
        return cls(*free_ports(6))


class Server(Protocol):
    """A process that can be started again at the same address."""

    def start(self) -> object: ...

    def stop(self) -> None: ...

    def ended(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """One server of the stack, and where people find it."""

    name: str
    server: Server
    address: str


def parts(folder: Path, ports: Ports) -> Iterator[Part]:
    """Yield the servers in the order in which they need each other; nothing is started."""
    redis = LocalRedis(folder / "redis", port=ports.redis)
    triton = LocalTriton(folder / "models").at(
        (ports.triton_http, ports.triton_grpc, ports.triton_metrics), folder / "triton.log"
    )
    prometheus = LocalPrometheus(folder / "prometheus", scraping(ports), port=ports.prometheus)
    gateway = LocalGateway(folder / "gateway", settings(folder, ports), ports.gateway)
    yield Part("redis", redis, redis.url)
    yield Part("prometheus", prometheus, prometheus.uri)
    yield Part("triton", triton, f"http://{triton.http}")
    yield Part("gateway", gateway, gateway.uri)


def settings(folder: Path, ports: Ports) -> dict[str, Any]:
    """Return the settings of config/local.yaml with the stack's servers and shipped routes."""
    sections: dict[str, Any] = yaml.safe_load(_LOCAL.read_text("utf-8"))
    shipped: dict[str, Any] = yaml.safe_load(_ROUTES.read_text("utf-8"))["routes"]
    triton = {"address": f"127.0.0.1:{ports.triton_grpc}", "balance": "pick_first"}
    return {
        **sections,
        "storage": {"cache_dir": str(folder / "cache")},
        "database": {"type": "duckdb", "path": str(folder / "ml.duckdb")},
        "redis": {"url": f"redis://127.0.0.1:{ports.redis}/0"},
        "triton": {"targets": {"triton": triton}},
        "routes": {name: {**route, "target": "triton"} for name, route in shipped.items()},
    }


def scraping(ports: Ports) -> dict[str, Any]:
    """Return what Prometheus reads every 5 s: the gateway and Triton."""
    targets = {"gateway": ports.gateway, "triton": ports.triton_metrics}
    jobs = [
        {
            "job_name": name,
            "scrape_interval": "5s",
            "scrape_timeout": "4s",
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
        }
        for name, port in targets.items()
    ]
    return {"scrape_configs": jobs}
