"""Operator in a simulated cluster: its own passes, on simulated time."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from inference_operator.adapters.kubernetes.api_error import ApiError
from inference_operator.adapters.mlflow.subscriptions import subscriptions_in
from inference_operator.adapters.prometheus.canary_questions import CanaryQuestions
from inference_operator.adapters.prometheus.size_gauges import SizeGauges
from inference_operator.adapters.prometheus.size_questions import SizeQuestions
from inference_operator.adapters.prometheus.sweeper import Cadence, Reader, Sweeper
from inference_operator.adapters.web.telemetry import Telemetry
from inference_operator.api.model import ModelFormat
from inference_operator.api.status import UnitStatus, read_status
from inference_operator.cli.simulation.cluster import SimulatedCluster
from inference_operator.cli.simulation.controllers import run_controllers
from inference_operator.cli.simulation.pace import Pace
from inference_operator.domain.analysis import AnalysisQuestion, AnalysisResult
from inference_operator.domain.measurement import Sweep
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.resolution import Facts, Resolution, Resolved, SourceKey
from inference_operator.observation.kinds import NODE
from inference_operator.observation.observe import observe
from inference_operator.observation.store import Store
from inference_operator.planning.analysis.judging import judged
from inference_operator.planning.analysis.memory import AnalysisMemory
from inference_operator.reconcile.reconciler import Dependencies, PassError, Reconciler
from inference_operator.reconcile.rollout_slots import RolloutSlots
from inference_operator.validation.defaults import Defaults

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""The simulated time at which the new revision is applied."""

# Passes of one unit at one instant. An operator that writes at each of them does not settle.
_MOST_PASSES = 100
# The largest batch of a registered model whose spec names none.
_BATCH = 128
_FAR = timedelta(days=36_500)


class UnsettledError(Exception):
    """The operator has not settled, or a pass failed; the message has its words."""


class SimulatedOperator:
    """An operator, its cluster, and the units that it serves."""

    def __init__(
        self, units: Sequence[UnitKey], defaults: Defaults, pace: Pace, reader: Reader
    ) -> None:
        """Create an empty cluster; `reader` answers what the operator asks Prometheus."""
        self.now = BEGIN
        self._units = units
        self._load_time = timedelta(seconds=pace.load_time)
        self.results: dict[UnitKey, AnalysisResult] = {}
        """The last answer about each unit."""

        self._woken: set[UnitKey] = set(units)
        self._again: dict[UnitKey, datetime] = {}
        self._pods_ready: datetime | None = None
        self._store = Store(self._woken.add)
        # Nobody tells which nodes there are.
        self._store.refused.add(NODE.kind)
        self.cluster = SimulatedCluster(self._changed, lambda: self.now)
        self._thread = ThreadPoolExecutor(1, "simulated-sweeps")
        telemetry = Telemetry()
        cadence = Cadence(pace.sweep_interval, pace.delay, lambda: self.now)
        canaries = CanaryQuestions(self._judged, self._woken.add, telemetry)
        gauges = SizeGauges(telemetry.registry)
        sizes = SizeQuestions(self._woken.add, gauges, self._seconds)
        self._sweeper = Sweeper(reader, canaries, sizes, cadence, telemetry, self._thread)
        dependencies = Dependencies(
            defaults,
            lambda: self.now,
            resolved,
            lambda key, command: None,
            RolloutSlots(defaults.staged, self._store.rolling, self._woken.add),
            self._sweeper,
        )
        self._passes = Reconciler(self.cluster, self._store, telemetry, dependencies)

    def _seconds(self) -> float:
        """Return the seconds of the simulated clock."""
        return self.now.timestamp()

    def close(self) -> None:
        """End the thread that judges."""
        self._thread.shutdown()

    async def sweep(self) -> None:
        """Ask Prometheus, judge, and wake the units whose answers changed."""
        await self._sweeper.sweep()

    def _judged(
        self, memory: AnalysisMemory | None, question: AnalysisQuestion, sweep: Sweep
    ) -> tuple[AnalysisMemory, AnalysisResult]:
        memory, result = judged(memory, question, sweep)
        self.results[question.unit] = result
        return memory, result

    async def run(self) -> bool:
        """Run controllers and passes until nothing is to do now; return whether anything was.

        Raises:
            UnsettledError: if a pass fails, or if the passes do not end.
        """
        if not self._is_due():
            return False
        for _ in range(_MOST_PASSES):
            self._pods_ready = run_controllers(self.cluster, self.now, self._load_time)
            due = {key for key, time in self._again.items() if time <= self.now}
            units = [key for key in self._units if key in self._woken | due]
            self._woken.clear()
            if not units:
                return True
            for key in units:
                await self._pass(key)
        raise UnsettledError(f"the operator has not settled after {_MOST_PASSES} passes")

    def _is_due(self) -> bool:
        times = [*self._again.values(), *([self._pods_ready] if self._pods_ready else [])]
        return bool(self._woken) or any(time <= self.now for time in times)

    async def _pass(self, key: UnitKey) -> None:
        self._again.pop(key, None)
        try:
            delay = await self._passes(key)
        except (PassError, ApiError) as error:
            raise UnsettledError(f"{key}: {error}") from error
        if delay is not None:
            # Statuses have whole seconds.
            self._again[key] = self.now + min(max(delay, timedelta(seconds=1)), _FAR)

    def _changed(self, kind: str, body: Mapping[str, Any], deleted: bool) -> None:
        if deleted:
            self._store.record_deletion(kind, body)
        elif not self._store.put(kind, body):
            return
        unit = Store.unit_of(kind, body)
        if unit is not None and unit in self._units:
            self._woken.add(unit)

    def observed(self, key: UnitKey) -> Observed:
        """Return what the operator sees of a unit."""
        seen = observe(self._store, key, resolved)
        if seen is None:
            raise UnsettledError(f"{key}: cannot be read")
        return seen

    def status(self, key: UnitKey) -> UnitStatus:
        """Return the status that the operator has written."""
        body = self.cluster.find(key.kind, (key.namespace, key.name))
        return read_status(body or {"kind": key.kind})


def resolved(unit: UnitKey, spec: Mapping[str, Any]) -> Mapping[SourceKey, Resolution]:
    """Return a registry's answers: each source is version 1 of an artifact without a signature."""
    written = {(model.get("source") or {}).get("uri"): model for model in _models(spec)}
    sources = (each.source for each in subscriptions_in(unit, spec))
    return {source: _version(source.uri, written.get(source.uri, {})) for source in sources}


def _models(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    steps = spec.get("steps")
    parts = [spec, *(steps if isinstance(steps, list) else ())]
    models = (part.get("model") for part in parts if isinstance(part, Mapping))
    return (model for model in models if isinstance(model, Mapping))


def _version(uri: str, model: Mapping[str, Any]) -> Resolved:
    """Return a version that fits what the spec says of the model."""
    name = uri.removeprefix("models:/").partition("@")[0].partition("/")[0] or "model"
    written = model.get("format")
    format_ = ModelFormat(written) if written in list(ModelFormat) else ModelFormat.ONNX
    batch = None if "maxBatchSize" in model else _BATCH
    facts = Facts(path="model", format=format_, max_batch_size=batch)
    return Resolved(uri, f"models:/{name}/1", 1, "", "https://registry.example/model", facts)
