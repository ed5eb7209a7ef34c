"""20,000 calls of the client alone over three Tritons, of which one drains, one dies, one joins.

They are as pods behind a headless Service: the name loses a pod before it ends, connections get
old, and a killed pod is in the name for a moment. A name server on loopback has the name.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hack.images.local_triton import LocalTriton
from hack.services.server_process import free_ports
from serving.client.errors import TritonError
from serving.client.triton_client import TritonPredictionClient
from serving.settings.triton import RoutesSettings, ServingSettings, TargetSettings, TritonSettings
from tests.integration.serving.models import lay_out
from tests.integration.serving.name_server import NameServer
from tests.integration.serving.test_client import bars

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(900)]
CALLS, CALLERS = 20_000, 16
CONNECTION_AGE_MS = 1_000
"""In pods it is 10 s, and they drain for 15."""
MODEL = "lstm_price_predictor"


@dataclass
class Pod:
    """A Triton with an address of its own, whose model has its own version."""

    version: int
    address: str
    server: LocalTriton
    ended: float = float("inf")

    def terminate(self) -> None:
        """Send SIGTERM, as a kubelet does after the drain, and await the end."""
        assert self.server._server is not None
        process = self.server._server.process
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        process.wait(60)
        self.ended = time.monotonic()

    def kill(self) -> None:
        self.server.stop()
        self.ended = time.monotonic()


@dataclass
class Load:
    """Callers that go on until all calls are made; each answer has its begin and its version."""

    client: TritonPredictionClient
    answers: list[tuple[float, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    begun: int = 0

    async def run(self) -> None:
        await asyncio.gather(*(self._call() for _ in range(CALLERS)))

    async def _call(self) -> None:
        window = bars()
        while self.begun < CALLS:
            self.begun += 1
            began = time.monotonic()
            try:
                answer = await self.client.predict_price("FX", window)
            except TritonError as error:
                self.failures.append(str(error))
            else:
                self.answers.append((began, answer.answered_by.version))

    async def reaches(self, count: int) -> None:
        await until(lambda: len(self.answers) + len(self.failures) >= count)

    async def sees(self, version: int) -> None:
        """Wait until a call that begins from now on is answered by a version."""
        now = time.monotonic()
        await until(lambda: any(v == str(version) for t, v in reversed(self.answers) if t > now))


async def until(holds: Callable[[], bool], seconds: float = 300.0) -> None:
    for _ in range(int(seconds / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    assert holds()


@pytest.fixture
def pods(tmp_path: Path) -> list[Pod]:
    """Four servers that do not run yet, on one port of different addresses of loopback."""
    (grpc,) = free_ports(1)
    made = []
    for number in range(1, 5):
        version, address = 10 + number, f"127.0.0.{number}"
        repository = lay_out(tmp_path / str(number), (MODEL,), version)
        arguments = [f"--grpc-address={address}"]
        arguments += [f"--grpc-max-connection-age={CONNECTION_AGE_MS}"]
        server = LocalTriton(repository, extra_args=arguments)
        http, metrics = free_ports(2)
        server.at((http, grpc, metrics), tmp_path / f"{number}.log")
        made.append(Pod(version, address, server))
    return made


@pytest.fixture
async def names() -> AsyncIterator[NameServer]:
    async with NameServer() as running:
        yield running


def client_of(names: NameServer, pods: list[Pod]) -> TritonPredictionClient:
    port = int(pods[0].server.grpc.rpartition(":")[2])
    # The settings take no address of a name server: gRPC's own notation does.
    target = TargetSettings().model_copy(update={"address": names.target(port)})
    return TritonPredictionClient(
        ServingSettings.model_construct(
            triton=TritonSettings(timeout=30.0).model_copy(update={"targets": {"triton": target}}),
            routes=RoutesSettings(),
            most_models=4,
        )
    )


async def test_not_one_of_twenty_thousand_calls_fails_while_servers_drain_die_and_join(
    pods: list[Pod], names: NameServer
) -> None:
    first, drained, killed, joined = pods
    with ExitStack() as stack:
        # A pod is in the name once it is ready, so the last one may start here, too.
        for pod in pods:
            stack.enter_context(pod.server)
        names.addresses = {pod.address for pod in (first, drained, killed)}
        load = Load(client_of(names, pods))
        calls = asyncio.create_task(load.run())
        await load.reaches(CALLS // 10)
        assert {version for _, version in load.answers} == {"11", "12", "13"}

        names.addresses.discard(drained.address)
        await asyncio.sleep(3 * CONNECTION_AGE_MS / 1000)
        await asyncio.to_thread(drained.terminate)
        await load.reaches(CALLS * 4 // 10)

        killed.kill()
        await asyncio.sleep(1)
        names.addresses.discard(killed.address)
        await load.reaches(CALLS * 7 // 10)

        names.addresses.add(joined.address)
        await load.sees(joined.version)
        await calls
        retried = load.client.retried
        await load.client.close()

    print(f"{Counter(v for _, v in load.answers)}, {retried} retried")
    assert load.failures == []
    assert len(load.answers) == CALLS
    assert retried <= CALLS // 100
    ended = {str(pod.version): pod.ended for pod in pods}
    late = [(began, version) for began, version in load.answers if began > ended[version]]
    assert late == [], "a version answered that no server had"
