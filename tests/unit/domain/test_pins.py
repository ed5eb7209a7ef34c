"""What of a pinned revision makes a new set: that which Triton would load."""

import threading
from dataclasses import replace

import pytest

from inference_operator.domain import pins
from inference_operator.domain.pins import Pin
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel, RepositoryPlan
from tests.unit.validation.pipelines import CONFIG, pin
from tests.unit.validation.test_steps import ENSEMBLE, pipeline_pin


def nested(number: int, *, own: int = 1, runs: int = 3, config: str = CONFIG) -> Pin:
    """A pipeline `own` of the pipeline `mood`, which is at its revision `number`."""
    top = ENSEMBLE.replace('"drift" model_version: 3', f'"mood" model_version: {number}')
    plan = RepositoryPlan(
        (
            PlannedModel("drift", runs, ArtifactFormat.ONNX, "https://store.example/m.onnx"),
            PlannedModel("mood", number, ArtifactFormat.ENSEMBLE),
            PlannedModel("top", own, ArtifactFormat.ENSEMBLE),
        )
    )
    files = {
        "plan.json": plan.to_json(),
        "drift.config.pbtxt": config,
        "mood.config.pbtxt": ENSEMBLE.replace("model_version: 3", f"model_version: {runs}"),
        "top.config.pbtxt": top.replace('name: "mood" platform', 'name: "top" platform'),
    }
    return Pin("EnsemblePipeline", "top", "bbb", "top", own, "", "", None, files)


@pytest.mark.parametrize(
    ("pin", "differs"),
    [
        (nested(1, own=5), False),
        (nested(2), False),
        (nested(7, own=5), False),
        (nested(1, runs=4), True),
        (nested(1, config=CONFIG.replace("[4]", "[5]")), True),
    ],
    ids=["its own", "the inner one's", "both", "of a model", "and not the number"],
)
def test_numbers_of_ensembles_make_no_new_set(pin: Pin, differs: bool) -> None:
    assert (pin.content != nested(1).content) is differs


def test_an_ensemble_that_nobody_can_read_counts_as_it_is() -> None:
    reordered, misspelt = (
        replace(pin, repository={**pin.repository, "top.config.pbtxt": text})
        for pin, text in ((nested(2), "step {"), (nested(2), "steps {"))
    )

    assert reordered.content != misspelt.content


@pytest.mark.parametrize(
    ("pin", "content"),
    [
        (pin(), "82c89586d192de7a4421283d703dda7a9982b561834ac6a9f5f833aa72a58cdb"),
        (pipeline_pin(), "d128b05802828a226047256668c6af2ed642dfff663cface885ac9b8bcb645d8"),
    ],
    ids=["model", "pipeline"],
)
def test_an_upgraded_operator_finds_the_content_that_it_found_before(
    pin: Pin, content: str
) -> None:
    assert pin.content == content, "each pipeline that refers to it would be rolled out anew"


def test_no_pin_waits_for_the_content_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large one is read in a thread, beside the event loop that reads small ones."""
    begun, may_end = threading.Event(), threading.Event()
    large, small = pin(name="large"), pin(name="small")
    whole = pins._unnumbered

    def slow(repository: dict[str, str]) -> dict[str, str]:
        if repository is large.repository:
            begun.set()
            assert may_end.wait(30)
        return whole(repository)

    monkeypatch.setattr(pins, "_unnumbered", slow)
    reader = threading.Thread(target=lambda: large.content)
    reader.start()
    assert begun.wait(30)
    done = threading.Thread(target=lambda: small.content, daemon=True)
    done.start()
    done.join(10)
    is_done = not done.is_alive()
    may_end.set()
    reader.join()
    assert is_done
