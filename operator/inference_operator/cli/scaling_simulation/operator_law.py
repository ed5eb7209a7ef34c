"""Law of the operator: its own measuring and its own chain of rules, asked at each sweep."""

from datetime import datetime, timedelta

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.cli.scaling_simulation.readings import View
from inference_operator.cli.scaling_simulation.sweeps import BEGIN, MODEL, sweep_of
from inference_operator.domain.analysis import MeasuredPod, MeasuredTrack
from inference_operator.domain.names import UnitKey
from inference_operator.domain.scaling import ScalingDecision, Surroundings
from inference_operator.domain.scaling_question import ScalingQuestion
from inference_operator.planning.scaling.question import UnitMemory, answer

SWEEP = 10.0
"""Seconds between two sweeps."""

_UNIT = UnitKey("InferenceModel", "simulated", "model")
# The operator counts no longer start of a pod.
_LONGEST_START = timedelta(minutes=10)


class OperatorLaw:
    """What the operator answers to the question how many pods a unit needs."""

    name = "operator"
    interval = SWEEP

    def __init__(
        self,
        settings: Autoscaling,
        load_time: float,
        max_batch: int = 0,
        begin: datetime = BEGIN,
    ) -> None:
        """Create it. `load_time` is the trace's, in seconds, as the operator has measured it;
        schedules see the wall clock begin at `begin`."""
        self._settings = settings
        self._start_time = min(timedelta(seconds=load_time), _LONGEST_START)
        self._max_batch = max_batch
        self._begin = begin
        self._memory: UnitMemory | None = None
        self.decisions: list[tuple[float, ScalingDecision]] = []
        """Those so far, with their times in seconds."""

    def decide(self, view: View) -> int:
        """Return the number of pods from now on."""
        sweep = sweep_of(view, self._settings, _UNIT.namespace, self._begin)
        self._memory, given = answer(self._memory, self._question(view), sweep, view.now)
        self.decisions.append((view.now, given.decision))
        return given.size

    def _question(self, view: View) -> ScalingQuestion:
        pods = tuple(
            MeasuredPod(name, self._begin + timedelta(seconds=since), self._start_time)
            for name, since in view.ready.items()
        )
        track = MeasuredTrack("1", MODEL, 1, pods=pods)
        surroundings = Surroundings(load_time=self._start_time.total_seconds())
        return ScalingQuestion(
            _UNIT,
            "simulated",
            self._settings,
            view.size,
            (track,),
            self._max_batch,
            surroundings=surroundings,
        )
