"""What the components of manifests make of the operator's Deployment, by kubectl's kustomize."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.overlays import kustomized
from hack.services.mlflow import cluster
from tests.environment import settings_of

pytestmark = pytest.mark.integration

MANIFESTS = Path(__file__).parents[3] / "manifests"
SETTING = "INFERENCE_OPERATOR_MLFLOW_TRACKING_URI"


def patch_of(setting: str, value: str) -> dict[str, str]:
    """As an overlay in README.md, 'Install', changes a setting."""
    container = {"name": "operator", "env": [{"name": setting, "value": value}]}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "inference-operator"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    return {"patch": yaml.safe_dump(body)}


def rendered(
    folder: Path, *components: str, patches: tuple[dict[str, str], ...] = ()
) -> list[dict[str, Any]]:
    """The objects of an overlay of the base in `folder`."""
    near = os.path.relpath(MANIFESTS, folder.resolve())
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"{near}/base"],
        "components": [f"{near}/{name}" for name in components],
        "patches": list(patches),
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    # Rendering asks no cluster.
    shown = kustomized(folder)
    return list(yaml.safe_load_all(shown))


def settings(bodies: list[dict[str, Any]]) -> dict[str, str]:
    """Those of the operator's container that have a value of their own."""
    (deployment,) = (body for body in bodies if body["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}


def test_the_base_knows_no_registry(tmp_path: Path) -> None:
    assert SETTING not in settings(rendered(tmp_path))


def test_the_registry_s_component_adds_the_address_of_manifests_mlflow_and_nothing_else(
    tmp_path: Path,
) -> None:
    base = settings(rendered(tmp_path))
    overlaid = settings(rendered(tmp_path, "registry"))
    assert overlaid == {**base, SETTING: cluster.URI}
    assert settings_of(overlaid).mlflow_tracking_uri == cluster.URI


def test_an_overlay_may_name_another_registry(tmp_path: Path) -> None:
    elsewhere = "https://mlflow.example.com"
    bodies = rendered(tmp_path, "registry", patches=(patch_of(SETTING, elsewhere),))
    assert settings(bodies)[SETTING] == elsewhere


def test_the_registry_and_the_cache_go_together(tmp_path: Path) -> None:
    bodies = rendered(tmp_path, "registry", "cache")
    assert {SETTING, "INFERENCE_OPERATOR_ARTIFACT_CACHE_URL"} <= set(settings(bodies))
    assert "DaemonSet" in {body["kind"] for body in bodies}


def test_the_component_for_prometheus_adds_its_address_and_what_it_scrapes(tmp_path: Path) -> None:
    bodies = rendered(tmp_path, "monitoring")
    address = settings_of(settings(bodies)).prometheus_url
    assert address == "http://prometheus-operated.monitoring.svc:9090"
    kinds = [body["kind"] for body in bodies]
    assert (kinds.count("PodMonitor"), kinds.count("PrometheusRule")) == (2, 1)
