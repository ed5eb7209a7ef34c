"""Sweepers for tests, which pass a reader and a judge."""

import time
from collections.abc import Callable
from concurrent.futures import Executor

from inference_operator.adapters.prometheus.canary_questions import CanaryQuestions, Judge
from inference_operator.adapters.prometheus.size_gauges import SizeGauges
from inference_operator.adapters.prometheus.size_questions import SizeQuestions
from inference_operator.adapters.prometheus.sweeper import Cadence, Reader, Sweeper
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.domain.names import UnitKey
from inference_operator.planning.analysis.judging import judged


def sweeper(
    reader: Reader,
    cadence: Cadence,
    thread: Executor,
    *,
    judge: Judge = judged,
    wake: Callable[[UnitKey], None] = lambda unit: None,
    telemetry: Telemetry | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Sweeper:
    """Return a sweeper; `clock` gives seconds that nothing adjusts."""
    telemetry = telemetry or Telemetry()
    sizes = SizeQuestions(wake, SizeGauges(telemetry.registry), clock)
    canaries = CanaryQuestions(judge, wake, telemetry)
    return Sweeper(reader, canaries, sizes, cadence, telemetry, thread)
