"""Law of the operator: its own chain of rules decides, on the values of the simulation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from inference_operator.api.autoscaling import Autoscaling
from inference_operator.api.autoscaling_metric import ScalingMetricType
from inference_operator.cli.scaling_simulation.pods import SCRAPE_INTERVAL
from inference_operator.cli.scaling_simulation.readings import SECONDS, PodValue, Reading, View
from inference_operator.domain.scaling import Load, MetricLoad, ScalingInput, Surroundings
from inference_operator.domain.scaling_memory import ScalingMemory
from inference_operator.domain.schedules import Bounds
from inference_operator.planning.scaling.chain import decide

SWEEP = 10.0
"""Seconds between two sweeps."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changes of what the chain is told, which a comparison tries. None of them may remove a pod
    that the chain would keep without them."""

    counts_young: bool = False
    """Pods that are ready for less than the window have values as soon as they have two scrapes."""

    sees_peak: bool = False
    """The larger of the window's value and that since the scrape before counts."""

    lead: float = 0.0
    """Part of the growth of the rate, within one load time from now, that is counted already."""


AS_IT_IS = Proposal()


class OperatorLaw:
    """The chain of rules of `planning/scaling`, asked at each sweep."""

    interval = SWEEP

    def __init__(
        self,
        settings: Autoscaling,
        load_time: float,
        name: str = "operator",
        proposal: Proposal = AS_IT_IS,
    ) -> None:
        """Create it. `load_time` is the trace's, in seconds, as the operator has measured it."""
        self.name = name
        self._proposal = proposal
        self._load_time = load_time
        self._settings = settings
        self._bounds = Bounds(settings.min_replicas, settings.max_replicas)
        self._surroundings = Surroundings(load_time=load_time)
        self._memory: ScalingMemory | None = None

    def decide(self, view: View) -> int:
        """Return the number of pods from now on."""
        memory = self._memory or ScalingMemory.beginning(view.size, view.now)
        loads = tuple(
            load_of(reading, view, self._proposal, self._load_time) for reading in view.readings
        )
        given = ScalingInput(
            self._settings, self._bounds, Load(loads, view.rate), self._surroundings
        )
        self._memory, decision = decide(memory, given, view.now)
        return decision.size


def load_of(
    reading: Reading, view: View, proposal: Proposal = AS_IT_IS, load_time: float = 0.0
) -> MetricLoad:
    """Return a metric as the operator's sweeper gives it to the chain."""
    label, pods = reading.metric.label, len(view.ready)
    if view.outage is not None:
        return MetricLoad(label, pods=pods, reason="NoSeries", message="no series")
    newest = view.now - SECONDS[reading.metric.window]
    old = {name for name, since in view.ready.items() if since <= newest}
    measured = set(view.ready) if proposal.counts_young else old
    counted = {name: each for name, each in reading.by_pod.items() if name in measured}
    idle = reading.idle & measured
    young = len(view.ready.keys() - old - counted.keys() - idle)
    if not counted:
        return MetricLoad(label, pods=pods, young=young, is_idle=bool(idle))
    values = {name: _value(each, proposal) for name, each in counted.items()}
    weight = math.fsum(each.weight for each in counted.values())
    mean = math.fsum(values[name] * each.weight for name, each in counted.items()) / weight
    total = math.fsum(values.values())
    if proposal.lead and reading.metric.type is ScalingMetricType.REQUEST_RATE:
        total = _led(list(counted.values()), total, proposal.lead * load_time)
        mean = total / len(counted)
    return MetricLoad(label, mean, total, pods, len(counted) + len(idle), young)


def _value(each: PodValue, proposal: Proposal) -> float:
    if not proposal.sees_peak or each.recent is None:
        return each.value
    return max(each.value, each.recent)


def _led(counted: Sequence[PodValue], total: float, seconds: float) -> float:
    """Return the sum that there will be in so many seconds, if it grows as it did in the window;
    twice the sum at most, and never less."""
    window = math.fsum(each.value for each in counted)
    recent = math.fsum(each.value if each.recent is None else each.recent for each in counted)
    # The window's mean is of its middle, and the recent one of the middle between two scrapes.
    growth = max(recent - window, 0.0) / (30.0 - SCRAPE_INTERVAL / 2)
    return max(total, min(recent + growth * (seconds + SCRAPE_INTERVAL / 2), 2 * total))
