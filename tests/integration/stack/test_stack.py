"""`make stack-up` and what asks it: real servers, started once and ended by whoever owns them."""

import json
import os
import signal
import socket
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hack.console import StepError
from hack.stack.__main__ import down, health, metrics, status, up
from hack.stack.background import Stack
from hack.stack.parts import Ports

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def fetched(address: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("route", ["price", "sentiment", "ensemble"])
def test_each_shipped_body_gets_an_answer_of_the_trained_models(
    stack: Stack, addresses: Mapping[str, str], route: str
) -> None:
    body = (stack.folder / "requests" / f"{route}.json").read_bytes()
    answer = fetched(f"{addresses['gateway']}/api/v1/predict/{route}", body)
    assert answer["model_version"] == "1"
    assert 0 <= answer["confidence"] <= 1


def test_a_second_up_says_what_runs_and_starts_nothing(
    stack: Stack, addresses: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    log = (stack.folder / "supervisor.log").read_text()
    up(stack, Ports.free())
    shown = capsys.readouterr().out
    assert f"the stack of {stack.folder} runs already" in shown
    assert set(addresses) == {"gateway", "triton", "redis", "prometheus"}
    assert all(address in shown for address in addresses.values())
    assert (stack.folder / "supervisor.log").read_text() == log


def test_health_and_metrics_are_those_of_its_gateway(
    stack: Stack, addresses: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for ask in (status, health, metrics):
        ask(stack)
    shown = capsys.readouterr().out
    assert f"GET {addresses['gateway']}/health: 200" in shown
    assert f"GET {addresses['gateway']}/ready: 200" in shown
    assert '"requests_per_second"' in shown


def test_prometheus_reads_the_gateway_and_triton(addresses: Mapping[str, str]) -> None:
    query = urllib.parse.urlencode({"query": "up"})

    def both_are_up() -> bool:
        series = fetched(f"{addresses['prometheus']}/api/v1/query?{query}")["data"]["result"]
        values = {each["metric"]["job"]: each["value"][1] for each in series}
        return values == {"gateway": "1", "triton": "1"}

    eventually(both_are_up)


def test_a_part_that_dies_is_started_again_at_its_address(
    stack: Stack, addresses: Mapping[str, str]
) -> None:
    # Redis names its process so.
    words = "redis-server " + addresses["redis"].removeprefix("redis://").removesuffix("/0")
    (victim,) = processes_with(words)
    os.kill(victim, signal.SIGKILL)

    def another_listens() -> bool:
        return processes_with(words) not in ([victim], [])

    eventually(another_listens)
    assert (
        "redis ended with -9; it is started again" in (stack.folder / "supervisor.log").read_text()
    )


def processes_with(words: str) -> list[int]:
    """Return the processes whose command line has these words."""
    numbers = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if words in line:
            numbers.append(int(path.parent.name))
    return numbers


def test_down_ends_only_its_own_stack(
    tmp_path: Path, addresses: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    other = Stack(tmp_path)
    down(other)
    assert f"no stack of {tmp_path} runs" in capsys.readouterr().out
    assert fetched(f"{addresses['gateway']}/health")["status"] == "healthy"
    with pytest.raises(StepError, match=f"no stack of {tmp_path} runs"):
        health(other)


def test_a_part_that_does_not_start_is_told_with_its_log_and_ends_the_rest(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    ports = Ports.free()
    stack = Stack(tmp_path)
    with socket.create_server(("127.0.0.1", ports.triton_grpc)):
        with pytest.raises(StepError, match=rf"taken: {ports.triton_grpc} \(triton_grpc\)"):
            stack.check(ports)
        with pytest.raises(StepError, match=r"(?s)the stack ended with 1.*Triton ended with"):
            stack.up(ports)
    assert stack.addresses() is None
    stack.check(ports)
