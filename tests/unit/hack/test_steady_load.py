"""The load client counts every request and failure, against a server of this process."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from hack.load.clients import Request, Target
from hack.load.steady_load import Outcome, Pace, Result, SteadyLoad
from hack.services.server_process import free_ports
from tests.fakes.inference_server import FakeInferenceServer


@pytest.fixture
def server() -> Iterator[FakeInferenceServer]:
    with FakeInferenceServer("3") as running:
        yield running


def target_of(server: FakeInferenceServer) -> Target:
    return Target(server.http, server.grpc)


def sent(target: Target, number: int = 40, **request: Any) -> Result:
    """Return the outcomes of so many requests, as fast as the limit of the pace allows."""
    pace = Pace(requests_per_second=1000, most_requests=number, requests_per_connection=10)
    with SteadyLoad(target, pace, Request(**request)) as load:
        return load.wait()


def errors(result: Result) -> Counter[tuple[str, str]]:
    """Return how many requests failed, by protocol and the first word of the error."""
    return Counter((outcome.protocol, outcome.error.partition(":")[0]) for outcome in result.failed)


def test_every_request_is_sent_once_and_half_of_them_by_grpc(server: FakeInferenceServer) -> None:
    result = sent(target_of(server))
    assert result.by_protocol == {"HTTP": 20, "gRPC": 20}
    assert result.by_version == {"3": 40}
    assert not result.failed
    assert len(server.behavior.headers) == 40


def test_answers_are_told_apart_by_version_and_time(server: FakeInferenceServer) -> None:
    pace = Pace(requests_per_second=400, most_requests=10_000)
    with SteadyLoad(target_of(server), pace) as load:
        await_answers(load, 20)
        server.behavior.version = "4"
        # A request may have been sent before the change, and answered after it.
        time.sleep(0.1)
        changed = time.monotonic()
        await_answers(load, len(load.result().outcomes) + 20)
    result = load.result()
    assert result.share("4", since=changed) == 1
    assert 0 < result.share("4") < 1
    assert set(result.by_version) == {"3", "4"}


def test_nothing_is_sent_after_the_block(server: FakeInferenceServer) -> None:
    with SteadyLoad(target_of(server), Pace(requests_per_second=400)) as load:
        await_answers(load, 10)
    before = len(server.behavior.headers)
    time.sleep(0.1)
    assert len(server.behavior.headers) == before == len(load.result().outcomes)


def test_the_rate_is_a_limit(server: FakeInferenceServer) -> None:
    began = time.monotonic()
    with SteadyLoad(target_of(server), Pace(requests_per_second=100, most_requests=51)) as load:
        assert len(load.wait().outcomes) == 51
    assert time.monotonic() - began >= 0.5


def test_headers_are_those_of_both_protocols(server: FakeInferenceServer) -> None:
    sent(target_of(server), 4, headers={"x-canary": "always"})
    assert [headers["x-canary"] for headers in server.behavior.headers] == ["always"] * 4


def test_the_name_of_the_host_is_sent_in_place_of_the_address(server: FakeInferenceServer) -> None:
    target = Target(server.http, server.grpc, "lstm.example.com", "lstm-grpc.example.com")
    assert not sent(target, 4).failed
    hosts = {headers["Host"] for headers in server.behavior.headers if "Host" in headers}
    assert hosts == {"lstm.example.com"}


def test_closed_ports_are_failures() -> None:
    http, grpc_port = free_ports(2)
    result = sent(Target(f"127.0.0.1:{http}", f"127.0.0.1:{grpc_port}"))
    assert errors(result) == {("HTTP", "ConnectionRefusedError"): 20, ("gRPC", "UNAVAILABLE"): 20}
    assert not result.by_version


def test_error_answers_are_failures(server: FakeInferenceServer) -> None:
    server.behavior.http_status = 500
    server.behavior.grpc_code = grpc.StatusCode.UNAVAILABLE
    result = sent(target_of(server))
    assert errors(result) == {("HTTP", "500"): 20, ("gRPC", "UNAVAILABLE"): 20}
    assert any("the test asks for 500" in outcome.error for outcome in result.failed)
    # None was sent again.
    assert len(server.behavior.headers) == 40


def test_late_answers_are_failures(server: FakeInferenceServer) -> None:
    server.behavior.seconds = 0.6
    result = sent(target_of(server), 4, timeout=0.2)
    assert errors(result) == {("HTTP", "TimeoutError"): 2, ("gRPC", "DEADLINE_EXCEEDED"): 2}


def test_an_answer_without_a_version_is_a_failure(server: FakeInferenceServer) -> None:
    server.behavior.version = ""
    result = sent(target_of(server), 4)
    assert errors(result) == {
        ("HTTP", "found an empty model_version"): 2,
        ("gRPC", "found an empty model_version"): 2,
    }


def test_versions_with_one_number_are_told_apart_by_what_they_answer(
    server: FakeInferenceServer,
) -> None:
    server.behavior.value = 6.0
    assert sent(target_of(server), 4, versions={6.0: "triple"}).by_version == {"triple": 4}
    failed = sent(target_of(server), 4, versions={5.0: "linear", 7.0: "wrong"})
    assert errors(failed) == {
        (protocol, "found 6.0 as the first value, expected one of 5.0, 7.0"): 2
        for protocol in ("HTTP", "gRPC")
    }


def test_a_failure_is_followed_by_answers_when_the_server_is_well(
    server: FakeInferenceServer,
) -> None:
    server.behavior.http_status = 503
    with SteadyLoad(target_of(server), Pace(requests_per_second=400)) as load:
        await_answers(load, 20)
        server.behavior.http_status = 200
        await_answers(load, len(load.result().outcomes) + 20)
    failed = load.result().failed
    assert failed
    assert {outcome.protocol for outcome in failed} == {"HTTP"}
    assert "503" in load.result().describe()
    last = max(outcome.at for outcome in failed)
    assert [each for each in load.result().answered(last) if each.protocol == "HTTP"]


def test_an_ended_connection_is_replaced_before_a_request(server: FakeInferenceServer) -> None:
    """The server ends each connection after its answer, which clients see before the next one."""
    server.behavior.closes = True
    pace = Pace(requests_per_second=50, most_requests=20)
    with SteadyLoad(target_of(server), pace) as load:
        assert not load.wait().failed


def test_a_share_of_no_answers_is_refused() -> None:
    failed = Result((Outcome(1.0, 0.1, "HTTP", error="500: no"),))
    with pytest.raises(ValueError, match="found no answered request"):
        failed.share("3")
    with pytest.raises(ValueError, match="found no answered request"):
        failed.latency(0.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("requests_per_second", 0),
        ("requests_per_second", 10_001),
        ("most_requests", 0),
        ("most_requests", 1_000_001),
        ("connections", 3),
        ("connections", 66),
        ("requests_per_connection", 0),
    ],
)
def test_a_pace_out_of_range_is_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field}: found {value}"):
        Pace(**{field: value})


def await_answers(load: SteadyLoad, number: int) -> None:
    deadline = time.monotonic() + 30
    while len(load.result().outcomes) < number:
        assert time.monotonic() < deadline, load.result().describe()
        time.sleep(0.01)
