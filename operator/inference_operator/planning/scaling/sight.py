"""Sight of one track: everything that a sweep shows of its pods."""

from dataclasses import dataclass, field, replace

from inference_operator.api.autoscaling_metric import ScalingMetric
from inference_operator.domain.analysis import MeasuredPod, MeasuredTrack
from inference_operator.domain.measurement import Family, PodName, Sample, Sweep
from inference_operator.domain.scaling import MetricLoad
from inference_operator.domain.scaling_question import ScalingQuestion
from inference_operator.planning.measuring.collecting import Views
from inference_operator.planning.measuring.counters import Gap, Missing
from inference_operator.planning.scaling.pod_history import Histories


@dataclass(frozen=True, slots=True)
class Sight:
    """What a sweep shows of one track."""

    question: ScalingQuestion
    track: MeasuredTrack
    sweep: Sweep
    now: float
    """Seconds of a clock that nothing adjusts."""

    views: Views = field(default_factory=dict)
    histories: Histories = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that compute: of a pipeline, its steps."""
        return self.track.step_models or (self.track.model,)

    def samples(self, pod: str, family: Family, metric: ScalingMetric) -> list[Sample]:
        """Return the samples of a pod, over the metric's window."""
        name = PodName(self.question.unit.namespace, pod)
        own = self.sweep.by_pod.get(name, {}).get(family, ())
        return [each for each in own if each.window in (None, metric.window)]

    def is_young(self, pod: MeasuredPod, metric: ScalingMetric) -> bool:
        """Return whether a pod has been ready for less than the window."""
        ready = self.sweep.at - pod.ready_since
        return ready < metric.window.length

    def gap_of(self, pod: MeasuredPod, metric: ScalingMetric) -> Gap | None:
        """Return why a pod has no counters; None if it has some.

        A pod that was ready for the whole window and was never scraped is missing: it might be the
        one that the load is on.
        """
        view = self.views.get(pod.name)
        gap = view.gap if view is not None else None
        if gap is None or gap.reason is not Missing.YOUNG or self.is_young(pod, metric):
            return gap
        return Gap(Missing.NO_SERIES)

    def views_for(self, metric: ScalingMetric) -> Views:
        """Return the views of the pods, with their gaps by `gap_of`."""
        pods = {pod.name: pod for pod in self.track.pods}
        return {
            name: replace(view, gap=self.gap_of(pods[name], metric)) if view.gap else view
            for name, view in self.views.items()
        }

    def missing(self, metric: ScalingMetric, reason: str, message: str) -> MetricLoad:
        """Return a load without a value."""
        pods = len(self.track.pods)
        return MetricLoad(metric.label, pods=pods, reason=reason, message=message)
