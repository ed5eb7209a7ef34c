"""The CRDs of the Prometheus Operator, from its Go module, for tests of manifests/monitoring."""

import shutil
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.cluster import go_modules
from hack.cluster.versions import MODULES
from hack.console import step
from hack.images import store

_MODULE = "github.com/prometheus-operator/prometheus-operator"
_REQUIRED = MODULES / "prometheus-operator"
_KINDS = ("podmonitors", "prometheusrules", "servicemonitors")


def crds() -> Path:
    """Return a folder with the CRDs that manifests use; the first call fetches them."""
    folder = cache_root() / "prometheus-operator"
    target = store.published(folder / f"crds-{key_of(_REQUIRED)}", _fetch)
    store.keep_newest(folder, "crds-")
    return target


def _fetch(partial: Path) -> None:
    with step("fetch the CRDs of the Prometheus Operator"):
        module = go_modules.folder_of(_MODULE, _REQUIRED)
    partial.mkdir()
    for kind in _KINDS:
        name = f"monitoring.coreos.com_{kind}.yaml"
        shutil.copyfile(module / "example" / "prometheus-operator-crd" / name, partial / name)
