"""Which models `make train` takes, and the one that is not trained."""

import json
from pathlib import Path

import pytest

from tests.unit.training.models.windows import judged
from training.all import chosen, main
from training.combiner import make_combiner
from training.confidence import calibrate
from training.models.catalog import MODELS
from training.models.gru import GRUPredictor
from training.profiles import PLANS, Profile
from training.served_file import Format, check_answer
from training.settings import Device
from training.trained import read_trained

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
NOWHERE = ("--tracking-uri", "http://127.0.0.1:9")


def test_all_shipped_models_by_default() -> None:
    assert chosen("") == list(MODELS)


def test_some_in_the_order_that_was_asked_for() -> None:
    names = ["gru_price_predictor", "lstm_price_predictor"]
    assert chosen(", ".join(names)) == names


def test_a_stranger_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main([*NOWHERE, "--output", str(tmp_path), "--models", "lstm"])
    assert "--models: found lstm, expected of lstm_price_predictor" in capsys.readouterr().err


@pytest.mark.parametrize("served", list(Format))
def test_the_combiner_answers_in_both_formats(tmp_path: Path, served: Format) -> None:
    make_combiner(tmp_path / "combiner")
    check_answer(read_trained(tmp_path / "combiner"), served)


def test_the_combiner_says_that_nothing_of_it_was_trained(tmp_path: Path) -> None:
    make_combiner(tmp_path / "combiner")
    report = json.loads((tmp_path / "combiner" / "report.json").read_text())
    assert report["verdict"].startswith("Not trained: ")
    assert report["settings"]["priceWeight"] == pytest.approx(0.8)


def test_a_gpu_that_is_not_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "gru_price_predictor"
    plan = PLANS[name][Profile.DEMO]
    settings = plan.settings.model_copy(update={"device": Device.CUDA})
    on_gpu = {Profile.DEMO: plan.model_copy(update={"settings": settings})}
    monkeypatch.setattr("training.all.PLANS", {name: on_gpu})
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main([*NOWHERE, "--output", str(tmp_path), "--models", name, "--profile", "demo"]) == 1
    message = capsys.readouterr().err
    assert "    device: found no GPU that PyTorch can use, expected one for cuda" in message
    assert message.endswith(f"FAILED: {name}\n")


def test_days_that_do_not_suffice_to_calibrate_with_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "gru_price_predictor"

    def calibrated_on_two_days(*_: object) -> None:
        calibrate(GRUPredictor(), judged(2))

    monkeypatch.setattr("training.all.train_prices", calibrated_on_two_days)
    assert main([*NOWHERE, "--output", str(tmp_path), "--models", name]) == 1
    message = capsys.readouterr().err
    assert "    samples: found 2, expected 9 or more for a coverage of 0.9" in message
    assert message.endswith(f"FAILED: {name}\n")
