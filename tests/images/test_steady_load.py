"""The load client's requests are those that a real Triton takes."""

import pytest

from hack.images.local_triton import LocalTriton
from hack.load.clients import Request, Target
from hack.load.steady_load import Pace, SteadyLoad

pytestmark = pytest.mark.integration


def test_triton_answers_every_request_with_its_version(triton: LocalTriton) -> None:
    target = Target(triton.http, triton.grpc)
    with SteadyLoad(target, Pace(500, 1000), Request(model="matmul")) as load:
        result = load.wait()
    assert not result.failed, result.describe()
    assert result.by_version == {"1": 1000}
    assert result.by_protocol == {"HTTP": 500, "gRPC": 500}


def test_a_model_that_triton_does_not_have_is_a_failure(triton: LocalTriton) -> None:
    target = Target(triton.http, triton.grpc)
    with SteadyLoad(target, Pace(500, 10), Request(model="gone")) as load:
        failed = load.wait().failed
    assert len(failed) == 10
    assert all("unknown model: 'gone'" in outcome.error for outcome in failed), failed
