"""The probe beside the trading ensemble: it answers zeros as declared, and a dead step is found."""

from pathlib import Path

import pytest

from hack.images.local_triton import LocalTriton
from tests.integration.ensemble.conftest import NUMBER
from tests.integration.probe.running import kill, probing, stubs, within

pytestmark = pytest.mark.integration
PIPELINE = "ensemble-predictor"


def test_a_dead_step_is_found(triton: LocalTriton, tmp_path: Path) -> None:
    # The last test of this folder: no step works any more.
    with probing(triton.http, PIPELINE, tmp_path, version=NUMBER) as probe:
        within(60, lambda: probe.status("/ready") == 200, probe.log.read_text)
        assert probe.metric("inference_operator_probe_requests_total", model="bars") >= 1
        kill(stubs(triton.repository, "bars")[0])
        within(10, lambda: probe.status("/ready") == 503, probe.log.read_text)
        assert "Stub process 'bars" in probe.log.read_text()
