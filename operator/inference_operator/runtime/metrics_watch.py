"""Composition of the sweeper, which measures canaries, from the settings."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from inference_operator.adapters.kubernetes.lease import boot_time
from inference_operator.adapters.prometheus.access import AccessFiles
from inference_operator.adapters.prometheus.canary_questions import CanaryQuestions
from inference_operator.adapters.prometheus.client import Prometheus
from inference_operator.adapters.prometheus.scope import Scope
from inference_operator.adapters.prometheus.size_gauges import SizeGauges
from inference_operator.adapters.prometheus.size_questions import SizeQuestions
from inference_operator.adapters.prometheus.sweep import Source, SweepReader
from inference_operator.adapters.prometheus.sweeper import Cadence, Sweeper
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.names import UnitKey
from inference_operator.planning.analysis.judging import judged
from inference_operator.runtime.steady_clock import wall_time
from inference_operator.settings import Settings


class MetricsWatch:
    """The metrics of units: passes ask the `sweeper`; `run` keeps its answers up to date."""

    def __init__(
        self, settings: Settings, wake: Callable[[UnitKey], None], telemetry: Telemetry
    ) -> None:
        self.sweeper: Sweeper | None = None
        self._prometheus: Prometheus | None = None
        if not settings.prometheus_url:
            return
        # One thread: reading and judging take the interpreter from the event loop.
        self._thread = ThreadPoolExecutor(1, "sweep")
        source = _source(settings, self._thread)
        reader = SweepReader(source, self._thread, telemetry)
        cadence = Cadence(
            settings.prometheus_interval_seconds,
            settings.prometheus_delay_seconds,
            wall_time,
            settings.allows_queries,
        )
        canaries = CanaryQuestions(judged, wake, telemetry)
        sizes = SizeQuestions(wake, SizeGauges(telemetry.registry), boot_time)
        sweeper = Sweeper(reader, canaries, sizes, cadence, telemetry, self._thread)
        self._prometheus = source.prometheus
        self.sweeper = sweeper
        telemetry.sweep_age.set_function(lambda: sweeper.age)

    async def run(self, leading: asyncio.Event) -> None:
        """Sweep once this process leads, until cancelled."""
        if self._prometheus is None or self.sweeper is None:
            return
        await leading.wait()
        try:
            await self.sweeper.run()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)
            await self._prometheus.close()


def _source(settings: Settings, thread: Executor) -> Source:
    timeout = settings.prometheus_timeout_seconds
    files = AccessFiles(
        settings.prometheus_bearer_token_file,
        settings.prometheus_username,
        settings.prometheus_password_file,
        settings.prometheus_ca_file,
    )
    scope = Scope(
        settings.prometheus_selector,
        settings.served_namespaces,
        settings.prometheus_namespace_label,
        settings.prometheus_pod_label,
        settings.gateway_scope,
    )
    prometheus = Prometheus(settings.prometheus_url, timeout, thread)
    return Source(prometheus, files, scope, timeout)
