"""The other shipped models by their real commands on real data, and what is made of their folders.

The LSTM's is test_trained_folder's.
"""

import functools
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.training.once import trained_once
from training.models.encoder import vocabulary
from training.sentiment_task import tokeniser
from training.served_file import TOLERANCE, Format, check_answer
from training.trained import read_trained

ROOT = Path(__file__).parents[3]
WORDS = {
    "gru": ("--stride", "20"),
    "advanced": ("--stride", "40", "--epochs", "1"),
    "sentiment": ("--explained", "1"),
}
BASELINES = {
    "gru": {"tomorrowIsToday", "movingAverage5"},
    "advanced": {"tomorrowIsToday", "movingAverage5"},
    "sentiment": {"tfidfRidge", "meanOfTrain"},
}
GAIN = {"gru": "gainOverNaive", "advanced": "gainOverNaive", "sentiment": "gainOverRidge"}
Trained = Callable[[str], Path]

each_model = pytest.mark.parametrize("model", list(WORDS))


def python(*words: str | Path) -> str:
    """What a module says that ends well, on one thread."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def report_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return content


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The folder of a model by its command's name, as its command leaves it."""
    root = tmp_path_factory.mktemp("shipped")

    @functools.cache
    def train(model: str) -> Path:
        folder = root / model
        made = trained_once(model, ("--profile", "demo", *WORDS[model]), folder)
        assert made.output.endswith("model.pt and model.onnx\n")
        return made.folder

    return train


@each_model
def test_the_folder_is_complete(trained: Trained, model: str) -> None:
    folder = trained(model)
    named = {"model.onnx", "model.pt", "report.json", "report.md", "sample.json", "weights.pt"}
    assert named <= {file.name for file in folder.iterdir()}
    plots = {"calibration", "loss", "predictions", "residuals"}
    assert plots <= {file.stem for file in (folder / "plots").iterdir()}
    assert list(folder.rglob("*.part")) == []


@each_model
def test_the_export_answers_as_the_trained_model(trained: Trained, model: str) -> None:
    off = report_of(trained(model))["export"]
    assert off.keys() == {"torchscript", "onnx"}
    assert max(off.values()) <= TOLERANCE


@each_model
@pytest.mark.parametrize("served", list(Format))
def test_the_exported_file_answers_its_sample(trained: Trained, model: str, served: Format) -> None:
    folder = trained(model)
    check_answer(read_trained(folder), served)
    digest = hashlib.sha256((folder / served.file).read_bytes()).hexdigest()
    assert (folder / f"{served.file}.sha256").read_text().split() == [digest, served.file]


@each_model
def test_the_report_judges_the_model_beside_its_baselines(trained: Trained, model: str) -> None:
    errors = report_of(trained(model))["test"]["errors"]
    assert BASELINES[model] | {"model"} <= errors.keys()
    assert all(0 < row["rootMeanSquareError"] < 1 for row in errors.values())


@each_model
def test_the_verdict_claims_no_more_than_the_interval(trained: Trained, model: str) -> None:
    report = report_of(trained(model))
    lower, upper = report["test"][GAIN[model]]["interval95"]
    claim = "better than" if lower > 0 else "worse than" if upper < 0 else "no better than"
    assert report["verdict"].startswith(claim)
    assert (trained(model) / "report.md").read_text().splitlines()[2] == report["verdict"]


def test_the_sentiment_names_words_of_the_text_that_it_explains(trained: Trained) -> None:
    (explained,) = report_of(trained("sentiment"))["attributions"]["texts"]
    words = vocabulary().read_text("utf-8").splitlines()
    pieces = {words[number] for number in tokeniser().ids(explained["text"])}
    named = {word["token"] for word in explained["words"]}
    assert named
    assert named <= pieces


def test_the_sentiment_is_judged_by_every_source(trained: Trained) -> None:
    split = report_of(trained("sentiment"))["split"]
    assert split["train"]["samples"] == 256
    assert {"amazon", "movies", "nyt", "tweets"} <= split["test"].keys()


def test_an_int8_variant_of_the_sentiment_is_smaller_and_as_good(trained: Trained) -> None:
    folder = trained("sentiment")
    output = python("training.precision", "--output", folder, "--precision", "int8")
    precision = json.loads((folder / "precision.json").read_text())
    assert output.startswith("model.int8.onnx: ")
    assert precision["bytes"] == (folder / "model.int8.onnx").stat().st_size
    assert precision["bytes"] < precision["original_bytes"] / 2
    assert 0 < precision["mean_off"] < 0.1
    assert precision["accuracy"]["error"] == pytest.approx(
        precision["original_accuracy"]["error"], abs=0.05
    )


def test_a_search_names_options_that_its_model_can_be_trained_with(tmp_path: Path) -> None:
    tiny = ("--epochs", "1", "--folds", "1", "--stride", "40", "--trials", "2")
    output = python("training.search", "--model", "gru", *tiny, "--output", tmp_path)
    document = json.loads((tmp_path / "search.json").read_text())
    assert document["options"] in output
    assert len(document["trials"]) == 2
    assert document["best"]["loss"] == min(
        trial["loss"] for trial in document["trials"] if trial["loss"] is not None
    )
    words = ("--profile", "demo", "--stride", "40", "--epochs", "1", *document["options"].split())
    python("training.gru", "train", *words, "--output", tmp_path / "gru")
    used = report_of(tmp_path / "gru")
    assert used["settings"]["batch"] == document["best"]["batch"]
    assert used["plan"]["dropout"] == pytest.approx(document["best"]["dropout"])
