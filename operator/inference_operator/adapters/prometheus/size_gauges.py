"""Live values of numbers of pods and their metrics, among the operator's own metrics."""

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from inference_operator.domain.names import UnitKey
from inference_operator.domain.scaling_question import ScalingAnswer

_UNIT = ("kind", "namespace", "name")


class SizeGauges(Collector):
    """Collector of the last answers about numbers of pods."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers: dict[UnitKey, ScalingAnswer] = {}
        registry.register(self)

    def show(self, unit: UnitKey, answer: ScalingAnswer) -> None:
        """Show this answer from now on."""
        self._answers[unit] = answer

    def forget(self, unit: UnitKey) -> None:
        """Show a unit no longer."""
        self._answers.pop(unit, None)

    def describe(self) -> list[GaugeMetricFamily]:
        """Return the families without values: there are none at first."""
        return list(_families())

    def collect(self) -> list[GaugeMetricFamily]:
        """Return the families. A metric without a value has no sample."""
        replicas, values, desired, held = _families()
        for unit, answer in list(self._answers.items()):
            labels = (unit.kind, unit.namespace, unit.name)
            decision = answer.decision
            replicas.add_metric(labels, decision.size)
            held.add_metric(labels, decision.holds is not None)
            for metric in decision.metrics:
                of_metric = (*labels, metric.label)
                if metric.number is not None:
                    values.add_metric(of_metric, metric.number)
                if metric.desired is not None:
                    desired.add_metric(of_metric, metric.desired)
        return [replicas, values, desired, held]


def _families() -> tuple[GaugeMetricFamily, ...]:
    return (
        GaugeMetricFamily(
            "inference_operator_desired_replicas",
            "Pods that autoscaling asks for.",
            labels=_UNIT,
        ),
        GaugeMetricFamily(
            "inference_operator_scaling_metric_value",
            "Value of a metric of autoscaling: milliseconds, a share, or a number.",
            labels=(*_UNIT, "metric"),
        ),
        GaugeMetricFamily(
            "inference_operator_scaling_metric_desired_replicas",
            "Pods that a metric of autoscaling asks for.",
            labels=(*_UNIT, "metric"),
        ),
        GaugeMetricFamily(
            "inference_operator_scaling_held",
            "1 while a metric of autoscaling is missing, so that no pod is removed.",
            labels=_UNIT,
        ),
    )
