"""Our CRDs as they were before `placement.affinity` had a type, and objects that they store."""

import json
from typing import Any

import yaml

from hack.cluster.apiserver import ApiServer
from tests.conftest import CRDS

OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
# Of the attack: 6 KB, at which `json.loads` raises RecursionError.
LEVELS = 970


def install_old_crds(server: ApiServer) -> None:
    """Apply CRDs that store whatever is in `affinity`."""
    for path in sorted(CRDS.glob("inference*.yaml")):
        crd = yaml.safe_load(path.read_text("utf-8"))
        (version,) = crd["spec"]["versions"]
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        spec["properties"]["placement"]["properties"]["affinity"] = OPEN
        server.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(crd))
    server.kubectl.wait_for_crds()


def written(body: dict[str, Any]) -> str:
    """Return the body as JSON, with 970 levels in place of the text DEEP: `json.dumps` cannot write
    them either."""
    deep = '{"a":' * LEVELS + "1" + "}" * LEVELS
    return json.dumps(body).replace('"DEEP"', deep)
