"""The composition of the sweeper from the settings, over a fake Prometheus."""

import asyncio
import contextlib

from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.analysis_status import Verdict
from inference_operator.domain.names import UnitKey
from inference_operator.runtime.metrics_watch import MetricsWatch
from tests.environment import settings_of
from tests.fakes.prometheus import fake_prometheus
from tests.unit.adapters.questions import question
from tests.unit.adapters.sweep_bench import until

PREFIX = "INFERENCE_OPERATOR_PROMETHEUS_"


async def test_without_an_address_nothing_is_measured() -> None:
    watch = MetricsWatch(settings_of({}), lambda _: None, Telemetry())
    leading = asyncio.Event()
    leading.set()

    await watch.run(leading)

    assert watch.sweeper is None


async def test_only_the_leader_asks_and_a_forgotten_unit_is_asked_about_no_more() -> None:
    woken: list[UnitKey] = []
    async with fake_prometheus() as server:
        settings = settings_of(
            {
                f"{PREFIX}URL": server.uri,
                f"{PREFIX}INTERVAL_SECONDS": "1",
                f"{PREFIX}SELECTOR": 'cluster="eu1"',
                f"{PREFIX}POD_LABEL": "pod_name",
            }
        )
        watch = MetricsWatch(settings, woken.append, Telemetry())
        leading = asyncio.Event()
        task = asyncio.create_task(watch.run(leading))
        try:
            assert watch.sweeper is not None
            assert watch.sweeper.measure(question()).at is None
            await asyncio.sleep(0.1)
            assert server.forms == []

            leading.set()
            await until(lambda: bool(woken))
            assert woken == [question().unit]
            assert watch.sweeper.measure(question()).verdict in (
                Verdict.NO_DATA,
                Verdict.LOW_TRAFFIC,
            )
            assert all('cluster="eu1"' in form["query"] for form in server.forms)
            assert all("pod_name" in form["query"] for form in server.forms)

            watch.sweeper.forget(question().unit)
            asked = len(server.forms)
            await asyncio.sleep(1.5)
            assert len(server.forms) == asked
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
