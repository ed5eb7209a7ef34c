"""Simulation of a rollout: clients, pods, Prometheus and the operator, second by second."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from inference_operator.api.conditions import ConditionStatus, ConditionType
from inference_operator.api.decision_status import DecisionKind
from inference_operator.api.reasons import FOR_A_PERSON, Reason
from inference_operator.api.status import UnitStatus
from inference_operator.cli.simulation.history import Entry, History, Moment, Outcome, Proof
from inference_operator.cli.simulation.measurements import Measurements, ServedPod
from inference_operator.cli.simulation.operator import BEGIN, SimulatedOperator, UnsettledError
from inference_operator.cli.simulation.pace import Pace
from inference_operator.cli.simulation.trace import Missing, Row, Trace
from inference_operator.domain.analysis import AnalysisResult
from inference_operator.domain.measurement import PodName
from inference_operator.domain.names import UnitKey
from inference_operator.domain.observed import Observed
from inference_operator.domain.rollout_state import kind_of_recorded
from inference_operator.domain.traffic import Traffic
from inference_operator.validation.defaults import Defaults
from model_builders.statistics.evidence import Evidence

# Seconds that are played after the end of the rollout, so that the picture shows it.
_AFTER = 60
# Reasons of Ready that are no wait: what they say is a decision.
_NO_WAIT = (Reason.PROGRESSING, Reason.ROLLOUT_ABORTED)


@dataclass(frozen=True, slots=True)
class Setup:
    """What is simulated."""

    unit: UnitKey
    bodies: Sequence[dict[str, Any]]
    """The unit, and those that it refers to."""

    trace: Trace
    pace: Pace
    defaults: Defaults
    seed: int = 1

    @property
    def units(self) -> tuple[UnitKey, ...]:
        """Return the keys of the bodies."""
        return tuple(map(_key, self.bodies))

    @property
    def body(self) -> dict[str, Any]:
        """Return the manifest of the unit."""
        return next(body for body in self.bodies if _key(body) == self.unit)

    @property
    def buckets(self) -> tuple[int, ...]:
        """Return the bounds of the histogram that the spec asks Triton for, in ms."""
        metrics = (self.body["spec"].get("triton") or {}).get("metrics") or {}
        return tuple(metrics.get("latencyBuckets") or ())


class Simulation:
    """One rollout: a first revision that serves, and the second one, which is applied at time 0."""

    def __init__(self, setup: Setup) -> None:
        """Create the cluster with the first revision."""
        self._setup = setup
        interval, chance = setup.pace.scrape_interval, Random(setup.seed)
        self._measurements = Measurements(setup.buckets, interval, chance)
        self._operator = SimulatedOperator(
            setup.units, setup.defaults, setup.pace, self._measurements
        )
        self._moments: list[Moment] = []
        self._entries: dict[tuple[object, ...], Entry] = {}
        self._seen: Observed | None = None
        self._first = self._second = ""
        self._hold = self._verdict = ""
        self._ended: int | None = None

    async def run(self) -> History:
        """Play the rollout.

        Raises:
            UnsettledError: if the first revision does not serve, or if a pass fails.
        """
        pace = self._setup.pace
        # Those that it refers to are ready first.
        lead = (pace.load_time + 5) * (1 + len(self._setup.bodies))
        begin = int(self._setup.trace.begin) - lead
        self._apply_first(begin)
        try:
            for second in range(begin, pace.duration + 1):
                if second == 0:
                    self._apply_second()
                await self._play(second)
                if self._ended is not None and second >= self._ended + _AFTER:
                    break
        finally:
            self._operator.close()
        return self._history()

    def _apply_first(self, second: int) -> None:
        self._operator.now = BEGIN + timedelta(seconds=second)
        for body in self._setup.bodies:
            is_unit = _key(body) == self._setup.unit
            self._operator.cluster.put(_earlier(body) if is_unit else body)

    def _apply_second(self) -> None:
        status = self._operator.status(self._setup.unit)
        ready = status.condition(ConditionType.READY)
        if status.stable is None or status.stable.ready == 0:
            words = ready.message if ready else "it has no status"
            raise UnsettledError(f"{self._setup.unit}: the first revision does not serve: {words}")
        self._first = status.stable.revision
        self._measurements.counted()
        self._operator.cluster.put(self._setup.body)

    async def _play(self, second: int) -> None:
        trace = self._setup.trace
        row = trace.at(second)
        self._operator.now = BEGIN + timedelta(seconds=second)
        self._serve(row)
        self._measurements.scrape(self._operator.now, second, self._unscraped(row))
        self._measurements.answers = row.missing is not Missing.PROMETHEUS
        is_sweep = second % self._setup.pace.sweep_interval == 0
        if is_sweep:
            await self._operator.sweep()
            self._note_verdict(second)
        has_changed = await self._operator.run()
        if has_changed or self._seen is None:
            self._seen = self._operator.observed(self._setup.unit)
            self._measurements.keep(_served_pods(self._seen))
            self._note(second, self._seen.status)
        if (has_changed or is_sweep) and second >= trace.begin:
            self._moments.append(self._moment(second, row))

    def _serve(self, row: Row) -> None:
        """Let clients send the requests of one second."""
        traffic = self._seen.children.traffic if self._seen else Traffic()
        total = sum(traffic.weights.values())
        for revision, weight in traffic.weights.items():
            requests = row.requests_per_second * weight / total if total else 0.0
            behaviour = row.canary if revision == self._second else row.stable
            self._measurements.add(revision, requests, behaviour, row.baseline)

    def _unscraped(self, row: Row) -> frozenset[str]:
        """Return the revisions whose pods are not scraped."""
        by_track = {Missing.STABLE: {self._first}, Missing.CANARY: {self._second}}
        both = {self._first, self._second}
        return frozenset(both if row.missing is Missing.ALL else by_track.get(row.missing, ()))

    def _note(self, second: int, status: UnitStatus) -> None:
        """Keep the decisions of the second revision, and whether its rollout has ended."""
        if second < 0 or not self._first:
            return
        if status.canary is not None:
            self._second = status.canary.revision
        elif status.stable is not None and status.stable.revision != self._first:
            self._second = status.stable.revision
        for each in status.decisions:
            key = each.time, each.reason, each.message
            is_new = each.time >= BEGIN and kind_of_recorded(each) is DecisionKind.ROLLOUT
            if is_new and key not in self._entries:
                time = (each.time - BEGIN).total_seconds()
                self._entries[key] = Entry(
                    time, self._weight, "Decision", each.reason, each.message
                )
        self._note_hold(second, status)
        outcome = self._outcome(status)
        may_go_on = second < self._setup.trace.end and outcome is Outcome.WAITS
        if outcome is Outcome.UNDER_WAY or may_go_on:
            self._ended = None
        elif self._ended is None:
            self._ended = second

    def _note_verdict(self, second: int) -> None:
        """Keep the verdict on the second revision, if it is new."""
        result = self._result
        verdict = result.verdict.value if result else ""
        if result and verdict != self._verdict:
            entry = Entry(second, self._weight, "Verdict", verdict, result.message)
            self._entries[second, verdict] = entry
        self._verdict = verdict

    def _note_hold(self, second: int, status: UnitStatus) -> None:
        """Keep why the rollout waits, if that is new."""
        ready = status.condition(ConditionType.READY)
        reason = ready.reason if ready and ready.status is ConditionStatus.FALSE else ""
        if ready is not None and reason not in (self._hold, "", *_NO_WAIT):
            entry = Entry(second, self._weight, "Wait", reason, ready.message)
            self._entries[second, reason] = entry
        self._hold = reason

    @property
    def _weight(self) -> int:
        return self._seen.children.traffic.leads_to(self._second) if self._seen else 0

    @property
    def _result(self) -> AnalysisResult | None:
        """The last answer about the second revision."""
        result = self._operator.results.get(self._setup.unit)
        return result if result and self._second and result.canary == self._second else None

    def _moment(self, second: int, row: Row) -> Moment:
        result = self._result
        children = self._seen.children if self._seen else None
        return Moment(
            time=second,
            row=row,
            weight=self._weight,
            stable=children.ready_of(self._first or _stable(self._seen)) if children else 0,
            canary=children.ready_of(self._second) if children else 0,
            baseline=children.baseline_ready_of(self._first) if children else 0,
            verdict=result.verdict.value if result else "",
            proofs=dict(_proofs(result)) if result else {},
            metrics={m.name: (m.verdict.value, m.reason) for m in result.metrics} if result else {},
            writes=self._operator.cluster.writes,
        )

    def _outcome(self, status: UnitStatus) -> Outcome:
        if status.rollout is not None and status.rollout.aborted is not None:
            return Outcome.ABORTED
        if status.stable is not None and status.stable.revision == self._second:
            return Outcome.PROMOTED
        ready = status.condition(ConditionType.READY)
        waits = ready is not None and ready.reason in FOR_A_PERSON
        return Outcome.WAITS if waits else Outcome.UNDER_WAY

    def _history(self) -> History:
        status = self._operator.status(self._setup.unit)
        ready = status.condition(ConditionType.READY)
        return History(
            unit=self._setup.unit,
            first=self._first,
            second=self._second,
            outcome=self._outcome(status),
            message=ready.message if ready else "",
            moments=tuple(self._moments),
            ended=float(self._setup.pace.duration if self._ended is None else self._ended),
            entries=tuple(sorted(self._entries.values(), key=_order)),
            answered=self._measurements.counted(),
        )


def _order(entry: Entry) -> tuple[float, bool]:
    """Return the place of an entry: a verdict comes before what follows from it."""
    return entry.time, entry.kind != "Verdict"


def _key(body: dict[str, Any]) -> UnitKey:
    return UnitKey(body["kind"], body["metadata"]["namespace"], body["metadata"]["name"])


def _earlier(body: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest with another amount of storage, which makes a revision of its own."""
    spec = body["spec"]
    resources = spec.get("resources") or {}
    requests = dict(resources.get("requests") or {})
    if requests.pop("ephemeral-storage", None) is None:
        requests["ephemeral-storage"] = "1Mi"
    return {**body, "spec": {**spec, "resources": {**resources, "requests": requests}}}


def _stable(seen: Observed | None) -> str:
    return seen.status.stable.revision if seen and seen.status.stable else ""


def _served_pods(seen: Observed) -> Iterator[ServedPod]:
    children = seen.children
    for pods, is_baseline in ((children.pods, False), (children.baseline_pods, True)):
        for pod in pods:
            record = children.revisions.get(pod.revision)
            if pod.ready and record is not None:
                yield ServedPod(
                    PodName(seen.owner.key.namespace, pod.name),
                    pod.revision,
                    record.model,
                    record.version,
                    is_pipeline=bool(record.steps),
                    is_baseline=is_baseline,
                )


def _proofs(result: AnalysisResult) -> Iterator[tuple[str, Proof]]:
    for each in result.evidence:
        evidence = Evidence(each.above, each.below)
        yield f"{each.metric} {each.limit}", Proof(evidence.log_above, evidence.log_below)
