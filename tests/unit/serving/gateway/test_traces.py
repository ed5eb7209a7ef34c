"""Traces of callers: valid headers go to Triton as they came, and others go nowhere."""

import logging

import pytest

from serving.client.triton_client import TritonPredictionClient
from serving.gateway.traces import trace_headers, trace_id
from serving.records import CallOptions
from serving.settings.triton import (
    RouteSettings,
    RoutesSettings,
    ServingSettings,
    TargetSettings,
    TritonSettings,
)
from tests.fakes.inference_server import FakeInferenceServer
from tests.unit.serving.gateway.conftest import BARS, Running

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "parent",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"{PARENT}\n",
        f"{PARENT}-more",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_a_header_that_is_not_valid_goes_nowhere(parent: str) -> None:
    assert trace_headers({"traceparent": parent, "tracestate": "a=1"}) == {}


@pytest.mark.parametrize(
    ("state", "more"), [("a=1", {"tracestate": "a=1"}), ("a\n", {}), ("x" * 513, {}), ("", {})]
)
def test_a_state_goes_with_its_parent(state: str, more: dict[str, str]) -> None:
    headers = trace_headers({"traceparent": PARENT, "tracestate": state})
    assert headers == {"traceparent": PARENT, **more}
    assert trace_id(headers) == TRACE


async def test_single_rows_and_batches_belong_to_the_caller_s_trace(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    headers = {"traceparent": PARENT, "tracestate": "a=1", "baggage": "b=2"}
    item = {"kind": "sentiment", "text": "up"}
    for path, body in (
        ("price", {"symbol": "AAPL", "ohlcv_data": BARS}),
        ("batch", {"requests": [item]}),
    ):
        answer = await running.http.post(f"/api/v1/predict/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    passed = [options.headers for _, options in running.triton.calls]
    assert passed == [{"traceparent": PARENT, "tracestate": "a=1"}] * 2
    logged = [record.__dict__["fields"] for record in caplog.records if "fields" in record.__dict__]
    assert [fields["trace_id"] for fields in logged] == [TRACE] * 2


@pytest.mark.parametrize("protocol", ["grpc", "http"])
async def test_triton_gets_the_headers_with_the_call(protocol: str) -> None:
    with FakeInferenceServer("3") as server:
        address = server.grpc if protocol == "grpc" else server.http
        target = TargetSettings(address=address, protocol=protocol, balance="pick_first")
        routes = RoutesSettings(others={"m": RouteSettings(model="m")})
        triton = TritonSettings(targets={"triton": target})
        client = TritonPredictionClient(ServingSettings(triton=triton, routes=routes))
        try:
            options = CallOptions(headers={"traceparent": PARENT})
            await client.infer("m", {}, options=options)
        finally:
            await client.close()
        assert server.behavior.headers[0]["traceparent"] == PARENT
