"""What a person got wrong is a sentence and 2, before anything is trained."""

from pathlib import Path

import pytest

from tests.unit.training.data.archives import archive
from training.command import main
from training.data.failure import DataError
from training.data.sentiment import SentimentSplit, load_sentiment
from training.loop import Checkpoint
from training.models.catalog import MODELS
from training.order import Order
from training.profiles import PLANS, Profile

LSTM, SENTIMENT = "lstm_price_predictor", "sentiment_transformer"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--epochs", "0"], "epochs: found '0', expected greater than or equal to 1; set --epochs"),
        (["--learning-rate", "fast"], "learning_rate: found 'fast', expected a valid number"),
        (["--stride", "0"], "stride: found '0', expected greater than or equal to 1; set --stride"),
        (["--device", "tpu"], "device: found 'tpu', expected 'auto', 'cpu' or 'cuda'"),
    ],
)
def test_a_wrong_option_is_named(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(LSTM, ["train", "--output", str(tmp_path / "new"), *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_weights_that_are_not_there_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(LSTM, ["export", "--output", str(tmp_path)]) == 2
    assert str(tmp_path / "weights.pt") in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(MODELS.keys() - {"ensemble_combiner"}))
def test_each_model_that_learns_has_each_profile(name: str) -> None:
    assert set(PLANS[name]) == set(Profile)


def test_a_training_that_is_not_resumed_forgets_what_was_there(tmp_path: Path) -> None:
    plan = PLANS[LSTM][Profile.DEMO]
    Checkpoint(tmp_path / "checkpoint").write({"epochs": []})

    assert Order(LSTM, plan, tmp_path, resume=True).checkpoint().read() == {"epochs": []}
    assert Order(LSTM, plan, tmp_path).checkpoint().read() is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], 8), (["--quick"], 8), (["--profile", "demo"], 2), (["--epochs", "3"], 3)],
    ids=["nothing said", "quick", "demo", "of its own"],
)
def test_the_profile_gives_what_is_not_given(
    words: list[str], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[Order] = []
    monkeypatch.setattr("training.command.train_prices", lambda order, say: orders.append(order))

    assert main(LSTM, ["train", *words, "--output", str(tmp_path)]) == 0

    assert [order.plan.settings.epochs for order in orders] == [expected]


@pytest.mark.parametrize("seed", ["7", "8"])
def test_texts_are_cut_as_for_export_and_variants_whatever_the_seed(
    seed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{n}\t{n % 5 - 2}.0\tsell{n} buy{n} hold{n}" for n in range(200)]
    rated = load_sentiment(archive(tmp_path / "x.zip", {"tweets": lines}))
    cuts: list[SentimentSplit] = []

    def stop(name: str, parts: SentimentSplit, plan: object) -> None:
        cuts.append(parts)
        raise DataError("enough")

    monkeypatch.setattr("training.sentiment_training.load_sentiment", lambda: rated)
    monkeypatch.setattr("training.sentiment_training.sentiment_task", stop)
    words = ["train", "--seed", seed, "--texts", "0", "--output", str(tmp_path / "new")]

    assert main(SENTIMENT, words) == 2

    assert [cut.test.texts for cut in cuts] == [rated.split().test.texts]
    assert rated.split().test.texts != rated.split(8).test.texts
