"""`weightedAverage` inside Triton: a price forecast and a text's sentiment as one forecast."""

from collections.abc import Mapping, Sequence
from typing import Any

from model_builders.builtin.python.requests import Step, Tensors
from model_builders.features.average import WeightedAverage

BASIS_POINTS = 10_000


class TritonPythonModel:
    """One execution instance; see docs/builtin-steps.md."""

    def initialize(self, args: Mapping[str, str]) -> None:
        step = self._step = Step.of(args)
        weights = (step.number("price_weight"), step.number("sentiment_weight"))
        sensitivity = step.number("sentiment_basis_points") / BASIS_POINTS
        self._average = WeightedAverage(weights, sensitivity)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        return self._step.answer(requests, self._run)

    def _run(self, given: Tensors, requested: frozenset[str]) -> Tensors:
        forecast, probability = self._average(
            given["price"], given["interval"], given["score"], given["confidence"]
        )
        outputs = {"forecast": forecast, "probability": probability}
        return {name: outputs[name] for name in requested}
