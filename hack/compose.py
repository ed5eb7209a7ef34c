"""The JSON schema of Compose files, from the Go module of the Compose project (Apache-2.0)."""

import shutil
from pathlib import Path

from hack.cache import cache_root, key_of
from hack.cluster import go_modules
from hack.cluster.versions import MODULES
from hack.console import step
from hack.images import store

_MODULE = "github.com/compose-spec/compose-go/v2"
_REQUIRED = MODULES / "compose"


def schema() -> Path:
    """Return the schema's file in the cache; the first call fetches it."""
    folder = cache_root() / "compose"
    target = store.published(folder / f"schema-{key_of(_REQUIRED)}", _fetch)
    store.keep_newest(folder, "schema-")
    return target / "compose-spec.json"


def _fetch(partial: Path) -> None:
    with step("fetch the schema of Compose files"):
        module = go_modules.folder_of(_MODULE, _REQUIRED)
    partial.mkdir()
    shutil.copyfile(module / "schema" / "compose-spec.json", partial / "compose-spec.json")
