"""The environments, rendered by kubectl, and an API server with the kinds that they need."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hack.cluster import gateway_parts, prometheus_operator
from hack.cluster.apiserver import ApiServer
from hack.cluster.kubectl import Kubectl
from hack.environments.rendering import ENVIRONMENTS, parsed
from hack.overlays import kustomized
from tests.conftest import install_crds

Bodies = tuple[dict[str, Any], ...]


@cache
def text_of(environment: str) -> str:
    return kustomized(ENVIRONMENTS / environment)


@cache
def bodies_of(environment: str) -> Bodies:
    return tuple(parsed(text_of(environment)))


def named(bodies: Bodies, kind: str, name: str) -> dict[str, Any]:
    """Return the only object of a kind and a name."""
    (body,) = (b for b in bodies if (b["kind"], b["metadata"]["name"]) == (kind, name))
    return body


def container_of(bodies: Bodies, name: str) -> dict[str, Any]:
    """Return the only container of a Deployment."""
    deployment = named(bodies, "Deployment", name)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(container)


@pytest.fixture(scope="session")
def kubectl() -> Iterator[Kubectl]:
    """Run an API server with controllers, our CRDs, those of the Gateway API and of Prometheus."""
    with ApiServer(controller_manager=True) as server:
        install_crds(server)
        for folder in (gateway_parts.crds(), prometheus_operator.crds()):
            server.kubectl("apply", "--server-side", "-f", str(folder))
        server.kubectl.wait_for_crds()
        yield server.kubectl


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of manifests/environments/images, to be written to."""
    return Path(shutil.copy(ENVIRONMENTS / "images" / "kustomization.yaml", tmp_path))
