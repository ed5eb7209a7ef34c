"""Several workers on one port: sums of their metrics, a killed one, and their end."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex
from time import monotonic, sleep

import httpx
import pytest

from tests.integration.gateway.processes import (
    GatewayProcess,
    ended,
    gateway_process,
    is_alive,
    until,
)

pytestmark = pytest.mark.integration
TRUTH = {"symbol": "AAPL", "target_time": "2026-12-02T21:00:00Z", "close": 100.0}
PATH = "/api/v1/truths"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    with gateway_process(tmp_path, {"server": {"workers": 2}}) as running:
        yield running


def send(gateway: GatewayProcess, requests: int) -> int:
    """Send so many requests, eight at once and a connection each; return how many failed."""

    def ask(_: int) -> bool:
        try:
            return gateway.post(PATH, {"truths": [TRUTH]}).status_code == 202
        except httpx.TransportError:
            return False

    with ThreadPoolExecutor(8) as pool:
        return requests - sum(pool.map(ask, range(requests)))


def use_both(gateway: GatewayProcess, sent: int = 0) -> int:
    """Send requests until two workers have answered some; return how many were sent."""
    deadline = monotonic() + 60
    while len(gateway.workers()) < 2:
        assert monotonic() < deadline, f"one worker answers all {sent} requests"
        assert send(gateway, 40) == 0
        sent += 40
    return sent


def counted(gateway: GatewayProcess) -> float:
    """Return the requests of the path by Prometheus' metrics."""
    text = gateway.get("/metrics").text
    name = f'inference_gateway_request_seconds_count{{code="202",model="none",route="{PATH}"'
    lines = [line for line in text.splitlines() if line.startswith(name)]
    assert len(lines) == 1, lines
    return float(lines[0].rpartition(" ")[2])


def totals(gateway: GatewayProcess) -> dict[int, int]:
    """Return the requests of the window, as each worker tells them."""

    def ask(name: str) -> int:
        answer = gateway.get("/api/v1/metrics", {"x-request-id": name}).json()
        assert answer["failed_requests"] == 0
        assert len(answer["series"]) == 1
        return int(answer["total_requests"])

    names = [token_hex(8) for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        seen = dict(zip(names, pool.map(ask, names), strict=True))
    by_name = {line.get("request_id"): line["process"] for line in gateway.lines()}
    # A line may come after its answer; then somebody asks again.
    return (
        {by_name[name]: total for name, total in seen.items()}
        if by_name.keys() >= seen.keys()
        else {}
    )


def sample(gateway: GatewayProcess, name: str) -> float:
    match = re.search(rf"^inference_gateway_{name} (\S+)$", gateway.get("/metrics").text, re.M)
    assert match is not None, name
    return float(match[1])


def test_each_worker_tells_the_numbers_of_all(gateway: GatewayProcess) -> None:
    sent = use_both(gateway)
    # The counters of another worker's other parts, and its window, are a second old at most.
    until(lambda: sample(gateway, "outbox_accepted_total") == sent)
    until(lambda: totals(gateway) == dict.fromkeys(gateway.workers(), sent))
    assert len(gateway.workers()) == 2
    assert counted(gateway) == sent
    assert sample(gateway, "requests_in_flight") == 0
    until(lambda: sample(gateway, "outbox_written_total") == sent)


def test_a_killed_worker_is_started_again_and_its_numbers_stay(gateway: GatewayProcess) -> None:
    sent = use_both(gateway)
    killed = min(gateway.workers())
    until(lambda: totals(gateway) == dict.fromkeys(gateway.workers(), sent))
    gateway.kill(killed)
    until(lambda: not is_alive(killed))
    assert send(gateway, 40) == 0
    sent = use_both(gateway, sent + 40)

    assert killed not in gateway.workers()
    assert counted(gateway) == sent
    until(lambda: totals(gateway) == dict.fromkeys(gateway.workers(), sent))
    assert any("died" in line["message"] for line in gateway.lines())


def test_a_worker_that_is_killed_while_its_answer_is_awaited_is_started_again(
    gateway: GatewayProcess,
) -> None:
    use_both(gateway)
    killed = min(gateway.workers())
    os.kill(killed, signal.SIGSTOP)
    # The supervisor asks each half second, and gives an answer a minute.
    sleep(2)
    gateway.kill(killed)
    since = monotonic()
    until(lambda: not is_alive(killed))
    use_both(gateway)
    assert monotonic() - since < 50


def test_a_signal_ends_all_of_them_after_their_work(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    variables = {"TMPDIR": str(temporary)}
    with gateway_process(tmp_path, {"server": {"workers": 2}}, variables) as gateway:
        use_both(gateway)
        workers = gateway.workers()
        assert list(temporary.iterdir())
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(timeout=20) == 0
        assert not any(map(is_alive, workers))
        assert not list(temporary.iterdir())
    ended = [line for line in gateway.lines() if line["message"].startswith("Finished server")]
    assert len(ended) == 2


def test_workers_end_when_the_program_is_killed(gateway: GatewayProcess) -> None:
    use_both(gateway)
    workers = gateway.workers()
    gateway.kill()
    until(lambda: not any(map(is_alive, workers)))
    with pytest.raises(httpx.ConnectError):
        gateway.get("/health")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SERVING_LIMITS__RATE": "3/second"}, "limits.rate: expected a redis.url"),
        (
            {"SERVING_SERVER__CERTIFICATE_FILE": "/no", "SERVING_SERVER__KEY_FILE": "/no"},
            "server.certificate_file, server.key_file: found /no",
        ),
    ],
)
def test_bad_settings_are_told_before_a_worker_starts(
    tmp_path: Path, variables: dict[str, str], sentence: str
) -> None:
    folder = {"SERVING_SERVER__WORKERS": "2", "SERVING_STORAGE__CACHE_DIR": str(tmp_path)}
    result = ended({**folder, **variables})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"serving.gateway: {sentence}")
