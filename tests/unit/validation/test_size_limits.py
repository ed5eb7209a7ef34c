"""Size limits of a pipeline's models, inline or referenced."""

from typing import Any

from inference_operator.domain.serving_unit import ServingUnit
from tests.unit.validation.pipelines import made, pin

GIB = 1 << 30
TENSOR = {"dataType": "FP32", "shape": [4]}


def both(first: int | None, second: int | None) -> ServingUnit:
    """Return a pipeline of two steps on one model, whose records have these limits."""
    steps = [
        {
            "name": name,
            "modelRef": {"name": "fx-drift"},
            "inputMap": {"x": "x"},
            "outputMap": {"y": f"y_{name}"},
        }
        for name in ("one", "two")
    ]
    unit = made(
        {"one": pin(size_limit=first), "two": pin(size_limit=second)},
        inputs=[{"name": "x", **TENSOR}],
        outputs=[{"name": f"y_{n}", "dataType": "FP32", "shape": [1]} for n in ("one", "two")],
        steps=steps,
    )
    assert isinstance(unit, ServingUnit), unit
    return unit


def limits(unit: ServingUnit) -> dict[str, Any]:
    return {model.name: model.planned.size_limit for model in unit.models}


def test_a_model_brings_its_limit_along() -> None:
    assert limits(both(30 * GIB, 30 * GIB))["drift"] == 30 * GIB


def test_the_larger_of_two_limits_counts() -> None:
    assert limits(both(30 * GIB, 40 * GIB))["drift"] == 40 * GIB
    assert limits(both(30 * GIB, None))["drift"] == 30 * GIB


def test_none_is_the_default_which_is_more_than_a_small_limit() -> None:
    assert limits(both(GIB, None))["drift"] is None


def test_a_limit_that_is_raised_makes_another_pin_and_none_makes_no_other() -> None:
    assert pin().content != pin(size_limit=GIB).content
    assert "sizeLimit" not in pin().repository["plan.json"]
