"""The search tries the usual settings first, repeats itself, and says how to use what it found."""

from pathlib import Path

import pytest
import torch

from tests.unit.training.windows import samples
from training.command import main as train
from training.data.prices import Split
from training.search import Search, SearchError, main, outcome, search
from training.settings import Settings

PARTS = (Split(samples(32, 1), samples(16, 2), samples(8, 3)),)
WANTED = Search("gru_price_predictor", PARTS, Settings(epochs=1))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_begins_with_what_is_to_be_beaten_and_finds_nothing_worse() -> None:
    study = search(WANTED, 3)
    first = study.trials[0]
    assert (first.params["learning_rate"], first.params["batch"]) == (1e-3, 128)
    assert first.value is not None
    assert study.best_value <= first.value


def test_the_same_seed_tries_the_same() -> None:
    first, second = (search(WANTED, 2) for _ in range(2))
    assert [(t.params, t.value) for t in first.trials] == [
        (t.params, t.value) for t in second.trials
    ]


def test_settings_that_lead_nowhere_end_their_trial_only() -> None:
    broken = Split(samples(32, 1), samples(16, 2), samples(8, 3))
    broken.train.targets[0] = 1e30
    study = search(Search("gru_price_predictor", (broken,), Settings(epochs=1)), 2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "PRUNED"]


def test_no_trial_that_came_to_its_end_is_said_with_the_reason() -> None:
    broken = Split(samples(32, 1), samples(16, 2), samples(8, 3))
    broken.train.targets[0] = 1e30
    broken_search = Search("gru_price_predictor", (broken,), Settings(epochs=1))
    with pytest.raises(
        SearchError, match=r"found none of 2 .*the last one: epoch 1, .*; take more --trials"
    ):
        outcome(search(broken_search, 2), broken_search)


def test_the_command_says_it_in_a_sentence_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "search"
    assert main(["--trials", "0", "--folds", "1", "--output", str(output)]) == 2
    assert capsys.readouterr().err.startswith("trials: found none of 0 that came to its end, exp")
    assert not output.exists()


def test_the_options_are_those_of_the_training_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = outcome(search(WANTED, 1), WANTED)
    assert content["best"]["loss"] == content["trials"][0]["loss"]
    words = [*content["options"].split(), "--epochs", "0", "--output", str(tmp_path / "new")]

    assert train("gru_price_predictor", ["train", *words]) == 2

    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["epochs"]
    assert "--dropout 0.2" in content["options"]
