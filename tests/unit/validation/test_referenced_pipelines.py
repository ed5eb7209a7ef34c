"""A pipeline as a step of another: the effect of its models on the steps beside it."""

from dataclasses import replace
from typing import Any

from inference_operator.domain.pins import Pin
from tests.fakes.bodies import step
from tests.unit.validation.pipelines import CONFIG, pin, problems, unit
from tests.unit.validation.test_steps import TWO_OUTPUTS, pipeline_pin

ROW = CONFIG.replace("drift", "row")


def within(more: str) -> Pin:
    """Return a pipeline whose one model has this text in its config.pbtxt too."""
    pinned = pipeline_pin()
    return replace(pinned, repository={**pinned.repository, "drift.config.pbtxt": CONFIG + more})


def beside(inner: Pin) -> dict[str, Any]:
    """Return the steps `drift`, the pipeline, and `row`, which may run at the same time."""
    row = pin(name="row")
    plan = row.repository["plan.json"].replace("drift", "row")
    row = replace(row, model="row", repository={"plan.json": plan, "row.config.pbtxt": ROW})
    return {
        "pins": {"drift": inner, "row": row},
        "steps": [step(), step("row", "row", inputMap={"x": "x"}, outputMap={"y": "z"})],
        "outputs": TWO_OUTPUTS,
    }


def test_a_referenced_pipeline_runs_beside_another_step() -> None:
    assert [model.name for model in unit(**beside(within(""))).models] == [
        "drift",
        "mood",
        "row",
        "fx-drift",
    ]


def test_a_full_queue_in_a_referenced_pipeline_would_end_triton() -> None:
    queue = "dynamic_batching { default_queue_policy { max_queue_size: 4 } }"

    (problem,) = problems(**beside(within(queue)))

    assert problem.startswith(
        'spec.steps[drift]: found max_queue_size 4 of model "drift" in it, where spec.steps[row]'
        " may run at the same time, expected 0"
    )


def test_the_answers_of_a_decoupled_model_in_a_referenced_pipeline_join_no_others() -> None:
    (problem,) = problems(**beside(within("model_transaction_policy { decoupled: true }")))

    assert problem.startswith(
        'spec.outputs[z]: found tensor "z" of one answer to each request, expected the answers of'
        " spec.steps[drift]"
    )


def test_the_answers_of_a_decoupled_model_in_a_referenced_pipeline_are_not_cached() -> None:
    inner = within("model_transaction_policy { decoupled: true }")

    (problem,) = problems(pins={"drift": inner}, triton={"responseCache": {"size": "64Mi"}})

    assert problem.startswith("spec.triton.responseCache: found a cache for decoupled responses")


def test_the_sequences_of_a_model_in_a_referenced_pipeline_are_not_cached() -> None:
    inner = within("sequence_batching { }")

    (problem,) = problems(pins={"drift": inner}, triton={"responseCache": {"size": "64Mi"}})

    assert problem.startswith("spec.triton.responseCache: found a cache for answers of sequences")


def test_latency_buckets_inside_a_referenced_pipeline_turn_histograms_on() -> None:
    metrics = "model_metrics { metric_control { metric_identifier { family: 'f' } } }"

    served = unit(pins={"drift": within(metrics)})

    assert "--metrics-config=histogram_latencies=true" in served.server.args
