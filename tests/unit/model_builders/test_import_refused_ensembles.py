"""Ensembles that import refuses: Triton would not load them, or a pipeline cannot express them."""

from pathlib import Path

import pytest

from tests.unit.model_builders.refused_ensembles import REFUSED_ENSEMBLES
from tests.unit.model_builders.repositories import PYTHON, ensemble, imported, write


@pytest.mark.parametrize(
    ("config", "sentence"), REFUSED_ENSEMBLES.values(), ids=REFUSED_ENSEMBLES.keys()
)
def test_an_ensemble_that_triton_would_not_load_is_not_imported(
    config: str, sentence: str, tmp_path: Path
) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "signal", config)
    result = imported(tmp_path)
    assert [m["metadata"]["name"] for m in result.manifests] == ["bars"]
    (failure,) = result.failures
    assert failure.startswith("signal: ")
    assert sentence in failure


def step_of(model: str) -> str:
    """An ensemble whose only step is an ensemble."""
    tensors = ensemble().replace('"bars"', f'"{model}"')
    return tensors.replace('"TICKS"', '"IN"').replace('"BARS"', '"OUT"')


def test_ensembles_that_lead_back_to_themselves_are_a_ring(tmp_path: Path) -> None:
    for name, step in (("a", "b"), ("b", "c"), ("c", "a"), ("outside", "b")):
        write(tmp_path, name, step_of(step))
    failures = {f.partition(": ")[0]: f for f in imported(tmp_path).failures}
    assert "found a cycle of steps, a -> b -> c -> a, expected" in failures["a"]
    assert "found a cycle of steps, c -> a -> b -> c, expected" in failures["c"]
    assert failures["outside"] == (
        "outside: found a step of model b, which was not imported, expected one that was; see"
        " the message about that model"
    )


def test_an_ensemble_with_a_step_that_failed_names_it(tmp_path: Path) -> None:
    write(tmp_path, "bars", 'backend: "pytorch"', model_pt="")
    write(tmp_path, "signal", ensemble())
    assert imported(tmp_path).failures[1] == (
        "signal: found a step of model bars, which was not imported, expected one that was;"
        " see the message about that model"
    )


def test_an_ensemble_of_more_steps_than_a_pipeline_may_have_says_so(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    step = ensemble().partition("ensemble_scheduling {")[2].rpartition("}")[0]
    write(tmp_path, "signal", ensemble().replace(step, step * 40))
    (failure,) = imported(tmp_path).failures
    assert failure.startswith("signal: spec.steps: found 40")
