"""The manifests of docs/gitops.md, taken by an API server that has Argo CD's kinds."""

import re

import pytest
import yaml

from hack.cluster.apiserver import ApiServer
from hack.product import ROOT
from hack.services.argo_cd import install

pytestmark = [pytest.mark.integration, pytest.mark.long]
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/gitops.md").read_text(), re.M | re.S)
OURS = [body for block in BLOCKS for body in yaml.safe_load_all(block)]


def test_the_page_has_an_application_and_a_set_of_them() -> None:
    kinds = {body["kind"] for body in OURS}
    assert {"Application", "ApplicationSet"} <= kinds


@pytest.mark.parametrize(
    "body",
    [body for body in OURS if body["apiVersion"].startswith("argoproj.io")],
    ids=lambda body: body["metadata"]["name"],
)
def test_the_api_server_takes_it_without_a_warning(
    control_plane: ApiServer, body: dict[str, object]
) -> None:
    install(control_plane.kubectl)
    text = yaml.safe_dump(body)
    words = ("--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
    assert "serverside-applied" in control_plane.kubectl("apply", *words, stdin=text)
