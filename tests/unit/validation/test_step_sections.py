"""Instances, batches, caches and metrics: overrides of a step, and those of its model."""

import pytest

from tests.fakes.bodies import step
from tests.unit.validation.pipelines import CONFIG, config, pin, problems, unit


def test_instances_of_the_step_replace_those_of_the_model() -> None:
    written = CONFIG + "instance_group { kind: KIND_CPU count: 4 }"
    groups = [{"kind": "CPU", "count": 2}]
    served = unit(pins={"drift": pin(written)}, steps=[step(triton={"instanceGroups": groups})])

    assert [group.count for group in config(served, "drift").instance_group] == [2]


def test_instances_of_the_model_stay_where_the_step_says_none() -> None:
    served = unit(pins={"drift": pin(CONFIG + "instance_group { kind: KIND_CPU count: 4 }")})

    assert [group.count for group in config(served, "drift").instance_group] == [4]


def test_no_instances_in_the_list_are_those_of_the_model() -> None:
    pins = {"drift": pin(CONFIG + "instance_group { kind: KIND_CPU count: 4 }")}

    assert unit(pins=pins, steps=[step(triton={"instanceGroups": []})]) == unit(pins=pins)


def test_batching_of_the_step_replaces_that_of_the_model() -> None:
    batching = {"dynamicBatching": {"maxQueueDelay": "2ms"}}
    served = unit(
        pins={"drift": pin(CONFIG + "dynamic_batching { preferred_batch_size: [8] }")},
        steps=[step(triton=batching)],
    )

    batches = config(served, "drift").dynamic_batching
    assert list(batches.preferred_batch_size) == []
    assert batches.max_queue_delay_microseconds == 2000


def test_batching_needs_a_model_that_takes_batches() -> None:
    (problem,) = problems(
        pins={"drift": pin(CONFIG.replace("max_batch_size: 8", ""))},
        maxBatchSize=0,
        steps=[step(triton={"dynamicBatching": {}})],
    )

    assert problem.startswith(
        "spec.steps[drift].triton.dynamicBatching: found dynamicBatching of drift, which takes no"
        " batches, expected"
    )


@pytest.mark.parametrize("size", [None, {"size": "64Mi"}])
def test_a_models_response_cache_needs_one_of_the_pipeline(size: dict[str, str] | None) -> None:
    triton = {"responseCache": size} if size else {}
    served = unit(pins={"drift": pin(CONFIG + "response_cache { enable: true }")}, triton=triton)

    assert config(served, "drift").response_cache.enable is (size is not None)
    assert ("--cache-config=local,size=67108864" in served.server.args) is (size is not None)


def test_latency_buckets_of_a_step_turn_histograms_on() -> None:
    written = CONFIG + "model_metrics { metric_control { metric_identifier { family: 'f' } } }"

    served = unit(pins={"drift": pin(written)})

    assert "--metrics-config=histogram_latencies=true" in served.server.args
