"""Files of Go modules that are used as they are: schemas and manifests, without a build."""

import json
from pathlib import Path

from hack.cluster import binaries, packages
from hack.console import run


def folder_of(module: str, required: Path) -> Path:
    """Return the folder of a module's files; `required` has go.mod and go.sum with its digest."""
    packages.ensure_certificates()
    shown = run(
        [binaries.go(), "mod", "download", "-json", module],
        remedy="Check GOPROXY and the network; go.sum must have the module's digest.",
        cwd=required,
    )
    # Go may print what it downloads before the JSON.
    return Path(json.loads(shown[shown.index("{") :])["Dir"])
