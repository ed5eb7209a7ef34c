"""Writes the files that are made from the API's types, from manifests/base and from the Lua of Argo
CD, or checks that they are fresh.

`python hack/generate.py` writes; `python hack/generate.py --check` fails naming stale files.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "operator"), str(ROOT)]

from hack import argocd, gateway_api, rollout_table  # noqa: E402
from hack.installation import chart, install_file  # noqa: E402
from hack.installation.base_objects import crd_file, crd_text  # noqa: E402
from inference_operator.api.custom_resources import CUSTOM_RESOURCES  # noqa: E402
from inference_operator.api.docs import api_page  # noqa: E402

# Path below the root -> what it is to hold. A new generated file is a new line here.
GENERATED: Mapping[str, Callable[[], str]] = {
    **{crd_file(resource): partial(crd_text, resource) for resource in CUSTOM_RESOURCES},
    "docs/api.md": api_page,
    "docs/rollout-states.md": rollout_table.page,
    "docs/openapi.json": gateway_api.document,
    install_file.PATH: install_file.install_yaml,
    **chart.generated(),
    **argocd.generated(),
}


def stale() -> list[str]:
    """Return the generated files that are missing, or differ from the types."""
    return [
        path
        for path, content in GENERATED.items()
        if not (ROOT / path).is_file() or (ROOT / path).read_text(encoding="utf-8") != content()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Write or check the generated files.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on stale files")
    outdated = stale()
    if parser.parse_args().check:
        for path in outdated:
            print(f"{path} is stale: run `make generate` and commit it", file=sys.stderr)
        return 1 if outdated else 0
    for path in outdated:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(GENERATED[path](), encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
