"""The fields of `placement` are rendered as users wrote them, byte by byte."""

import json
from typing import Any

import pytest

from tests.api_cases.good_placements import GOOD_PLACEMENTS
from tests.fakes.bodies import KEY, source
from tests.fakes.harness import OperatorHarness

# Names of the revisions that the operator of commit a6540e3 made, to which affinity was any JSON.
# Others would restart pods at an upgrade.
REVISIONS = {"everything": "8dbe782931", "nothing": "af07964bec", "empty parts": "7edfb1646e"}


@pytest.mark.parametrize("name", GOOD_PLACEMENTS)
async def test_a_placement_restarts_nothing_at_an_upgrade(name: str) -> None:
    world = OperatorHarness()
    placement = GOOD_PLACEMENTS[name]
    world.user_applies(model=source(1), placement=placement)
    await world.settle()
    assert world.served == REVISIONS[name]

    record = world.cluster.live("ControllerRevision", f"{KEY.name}-{world.served}")
    assert record is not None
    pod: dict[str, Any] = record["data"]["children"][1]["spec"]["template"]["spec"]
    assert json.dumps(pod.get("affinity", {})) == json.dumps(placement["affinity"])
    # The default of `labelSelector` comes first, as it did before.
    spread = placement.get("topologySpreadConstraints", [])
    assert pod.get("topologySpreadConstraints", []) == spread
