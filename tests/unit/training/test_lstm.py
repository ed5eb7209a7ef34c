"""The model learns the same each time, and its exported file answers as it does."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from training.data.prices import STEPS, Split, Windows
from training.exporting import INPUT, ExportError, export, load_weights, save_weights
from training.fitting import Fitted, Settings, fit, predict
from training.lstm import LSTMPricePredictor
from training.reporting import errors, report, verdict

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")


def samples(count: int, seed: int = 3) -> Windows:
    random = np.random.default_rng(seed)
    inputs = random.uniform(90, 110, (count, STEPS, 5)).astype(np.float32)
    inputs[:, :, 4] *= 1e5
    days = np.datetime64("2001-01-01") + np.arange(count)
    targets = random.normal(1, 0.02, (count, 1)).astype(np.float32)
    return Windows(inputs, targets, np.full(count, "X"), days - STEPS, days, days + 1)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def parts() -> Split:
    return Split(samples(96, 1), samples(24, 2), samples(24, 3))


@pytest.fixture(scope="module")
def fitted(parts: Split) -> Fitted:
    return fit(parts, Settings(epochs=2, batch=32))


def test_the_same_seed_gives_the_same_weights(parts: Split, fitted: Fitted) -> None:
    again = fit(parts, Settings(epochs=2, batch=32))
    for name, weight in fitted.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name]), name


def test_another_seed_gives_others(parts: Split, fitted: Fitted) -> None:
    other = fit(parts, Settings(epochs=1, batch=32, seed=8))
    assert not torch.equal(other.model.head.weight, fitted.model.head.weight)


def test_stops_when_validation_gets_no_better(parts: Split) -> None:
    lines: list[str] = []
    found = fit(parts, Settings(epochs=50, patience=1, batch=32, learning_rate=0.05), lines.append)
    assert len(found.epochs) == found.best + 1 < 50
    assert lines[-1] == "stopping: no better for 1 epochs"


def test_keeps_the_weights_of_the_best_epoch(parts: Split) -> None:
    found = fit(parts, Settings(epochs=4, patience=4, batch=32, learning_rate=0.05))
    best = min(found.epochs, key=lambda epoch: epoch.validation)
    off = predict(found.model, parts.validation) - torch.from_numpy(parts.validation.targets)
    assert found.best == best.number
    assert float((off**2).mean() * 1e4) == pytest.approx(best.validation)


def test_the_answer_does_not_depend_on_the_scale_of_prices(fitted: Fitted) -> None:
    inputs = torch.from_numpy(samples(8).inputs)
    scaled = inputs * torch.tensor([7.0, 7.0, 7.0, 7.0, 3.0])
    with torch.inference_mode():
        assert torch.allclose(fitted.model(inputs), fitted.model(scaled), atol=1e-5)


def test_wild_inputs_give_bounded_answers(fitted: Fitted) -> None:
    inputs = torch.from_numpy(samples(4).inputs) * torch.logspace(-6, 6, STEPS)[:, None]
    inputs[:, :, 4] = 0  # a day without trade
    with torch.inference_mode():
        found = fitted.model(inputs)
    assert found.shape == (4, 1)
    assert bool(((found > 0.8) & (found < 1.25)).all())


def test_the_export_answers_as_the_model_does(fitted: Fitted, tmp_path: Path) -> None:
    path = export(fitted.model, samples(40), tmp_path)
    served = torch.jit.load(path)  # type: ignore[no-untyped-call]
    for batch in (1, 8, 32):
        inputs = torch.from_numpy(samples(batch, seed=batch).inputs)
        with torch.inference_mode():
            assert float((served(inputs) - fitted.model(inputs)).abs().max()) <= 1e-6


def test_the_export_names_its_input_as_triton_is_asked(fitted: Fitted, tmp_path: Path) -> None:
    served = torch.jit.load(export(fitted.model, samples(4), tmp_path))  # type: ignore[no-untyped-call]
    assert [argument.name for argument in served.forward.schema.arguments] == ["self", INPUT]


def test_the_export_comes_with_its_digest_and_samples(fitted: Fitted, tmp_path: Path) -> None:
    path = export(fitted.model, samples(40), tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert (tmp_path / "model.pt.sha256").read_text() == f"{digest}  model.pt\n"
    sample = json.loads((tmp_path / "sample.json").read_text())
    assert sample["input"] == {"name": "ohlcv", "dataType": "FP32", "shape": [60, 5]}
    assert sample["output"] == {"name": "OUTPUT__0", "dataType": "FP32", "shape": [1]}
    inputs = torch.tensor([row["input"] for row in sample["samples"]])
    expected = torch.tensor([row["expected"] for row in sample["samples"]])
    with torch.inference_mode():
        assert torch.allclose(fitted.model(inputs), expected, atol=1e-6)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "model.pt",
        "model.pt.sha256",
        "sample.json",
    ]


def test_an_export_that_answers_otherwise_is_refused(
    fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = torch.jit.script(LSTMPricePredictor())
    monkeypatch.setattr(torch.jit, "load", lambda path: other)
    with pytest.raises(ExportError, match="batch 1: the exported model is off by"):
        export(fitted.model, samples(4), tmp_path)
    assert not (tmp_path / "model.pt").exists()


def test_weights_survive_their_file(fitted: Fitted, tmp_path: Path) -> None:
    save_weights(fitted.model, tmp_path)
    found = predict(load_weights(tmp_path), samples(4))
    assert torch.equal(found, predict(fitted.model, samples(4)))


def test_the_report_names_data_days_and_both_forecasts(parts: Split, fitted: Fitted) -> None:
    found = report(fitted, parts, "a" * 64)
    assert found["data"]["sha256"] == "a" * 64
    assert found["split"]["test"]["samples"] == 24
    assert found["test"]["naive"]["directionRight"] is None
    assert found["test"]["model"]["rootMeanSquareError"] > 0
    assert found["verdict"].startswith(("better", "no better"))
    json.dumps(found)


def test_the_verdict_is_honest() -> None:
    naive = {"rootMeanSquareError": 0.0200}
    assert verdict({"rootMeanSquareError": 0.0150}, naive).startswith("better than naive by 25.0 %")
    assert verdict({"rootMeanSquareError": 0.0199}, naive).startswith(
        "no better than naive (+0.5 %"
    )
    assert verdict({"rootMeanSquareError": 0.0250}, naive).startswith("no better than naive (-25")


def test_errors_are_of_the_relative_close() -> None:
    judged = samples(4)
    perfect = errors(judged.targets, judged)
    assert (perfect["meanAbsoluteError"], perfect["directionRight"]) == (0, 1)
