"""Overlays of `manifests` that exist only while kustomize renders them."""

import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hack.cluster.kubectl import Kubectl
from inference_operator.domain.kubectl_yaml import write_manifests

MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"
_PREFIX = ".overlay-"  # as in .gitignore
_STALE_S = 600


def rendered(overlay: Mapping[str, Any]) -> str:
    """Return the objects of a Kustomization, whose paths are relative to a folder of `manifests`,
    such as `../base`: kustomize takes no absolute ones.

    Raises:
        StepError: with kustomize's words.
    """
    _remove_stale()
    kind = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    with tempfile.TemporaryDirectory(dir=MANIFESTS, prefix=_PREFIX) as folder:
        (Path(folder) / "kustomization.yaml").write_text(
            write_manifests([{**kind, **overlay}]), "utf-8"
        )
        return kustomized(Path(folder))


def kustomized(folder: Path) -> str:
    """Return the objects of a folder, by the kustomize of kubectl, which asks no cluster."""
    return Kubectl(Path("/dev/null"))("kustomize", str(folder))


def _remove_stale() -> None:
    """Remove overlays of killed programs; a young one may be another process's."""
    for left in MANIFESTS.glob(f"{_PREFIX}*"):
        if time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)
