"""compose.yaml has the reference's services and ports, and mounts files that the programs read."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.product import ROOT
from serving.settings import load

FILES = ROOT / "manifests" / "compose"
# As in the reference.
PORTS = {
    "triton": {8000: 8000, 8001: 8001, 8002: 8002},
    "gateway": {8005: 8005},
    "redis": {6379: 6379},
    "prometheus": {9091: 9090},
    "grafana": {3001: 3000},
}


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return content


SERVICES: dict[str, dict[str, Any]] = read(ROOT / "compose.yaml")["services"]


@pytest.mark.parametrize("name", PORTS)
def test_a_service_is_on_its_port_of_this_machine_alone(name: str) -> None:
    matches = [re.fullmatch(r"127\.0\.0\.1:(\d+):(\d+)", port) for port in SERVICES[name]["ports"]]
    assert {int(each[1]): int(each[2]) for each in matches if each} == PORTS[name]
    assert all(matches)


def test_there_are_no_other_services() -> None:
    assert SERVICES.keys() == PORTS.keys()


@pytest.mark.parametrize("name", PORTS)
def test_a_service_has_a_health_check_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_mounted_files_and_volumes_exist() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    sources = {mount.partition(":")[0] for mount in mounts}
    files = {source for source in sources if source.startswith("./manifests/")}
    assert all((ROOT / source).is_file() for source in files)
    assert len(files) == len(list(FILES.iterdir()))
    volumes = read(ROOT / "compose.yaml")["volumes"]
    assert sources - files - volumes.keys() == {"./build/stack/models"}


def test_the_gateway_calls_services_of_the_file() -> None:
    settings = load({"CONFIG_PATH": str(FILES / "settings.yaml")})
    assert settings.redis.url.startswith("redis://redis:6379/")
    assert {target.address for target in settings.triton.targets.values()} == {"triton:8001"}
    waited = SERVICES["gateway"]["depends_on"]
    assert {n: w["condition"] for n, w in waited.items()} == dict.fromkeys(
        ("triton", "redis"), "service_healthy"
    )
    (cache,) = (m for m in SERVICES["gateway"]["volumes"] if m.startswith("gateway-cache:"))
    assert settings.storage.cache_dir.startswith(cache.partition(":")[2])


def test_its_models_are_those_of_the_cluster_s_gateway() -> None:
    composed, shipped = (
        read(path)["routes"]
        for path in (FILES / "settings.yaml", ROOT / "manifests" / "gateway" / "settings.yaml")
    )
    assert {name: route["model"] for name, route in composed.items()} == {
        name: route["model"] for name, route in shipped.items()
    }


def test_prometheus_and_grafana_ask_services_of_the_file() -> None:
    jobs = read(FILES / "prometheus.yaml")["scrape_configs"]
    targets = [
        target for job in jobs for each in job["static_configs"] for target in each["targets"]
    ]
    assert targets == ["gateway:8005", "triton:8002"]
    (source,) = read(FILES / "grafana.yaml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
