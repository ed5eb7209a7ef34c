"""Default amounts of training: seconds for `demo`, minutes for `quick`, hours for `full`."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from training.settings import Schedule, Settings


class Profile(StrEnum):
    """Amounts of training; `demo` is too short to judge a model, `make train` uses `quick`."""

    DEMO = "demo"
    QUICK = "quick"
    FULL = "full"


class Plan(BaseModel):
    """The amount of training and evaluation, besides the loop's own settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: Settings
    stride: int = Field(1, ge=1, description="every n-th window of prices")
    folds: int = Field(4, ge=0, description="walk-forward folds before the held-out period")
    fold_epochs: int = Field(10, ge=1, description="most epochs in each fold")
    explained: int = Field(64, ge=0, description="samples whose answers are attributed")
    dropout: float | None = Field(None, ge=0, lt=1, description="without it the model's own")
    texts: int = Field(0, ge=0, description="texts to learn from; 0: all")
    frozen: int = Field(0, ge=0, le=6, description="encoder layers that are left as they are")


def _prices(epochs: int, **more: int) -> Plan:
    return Plan(settings=Settings(epochs=epochs), **more)


def _texts(epochs: int, **more: int) -> Plan:
    settings = Settings(
        epochs=epochs,
        patience=2,
        batch=32,
        learning_rate=2e-4,
        weight_decay=0.01,
        schedule=Schedule.COSINE,
    )
    return Plan(settings=settings, folds=0, **more)


_LIGHT = {
    Profile.DEMO: _prices(2, stride=4, folds=0, explained=0),
    Profile.QUICK: _prices(8, stride=4, folds=3, fold_epochs=4, explained=32),
    Profile.FULL: _prices(60, folds=5, fold_epochs=20, explained=256),
}
PLANS: Mapping[str, Mapping[Profile, Plan]] = {
    "lstm_price_predictor": _LIGHT,
    "gru_price_predictor": _LIGHT,
    "advanced_lstm_price_predictor": {
        **_LIGHT,
        Profile.DEMO: _prices(1, stride=8, folds=0, explained=0),
        Profile.QUICK: _prices(5, stride=8, folds=2, fold_epochs=2, explained=16),
    },
    "sentiment_transformer": {
        Profile.DEMO: _texts(1, texts=256, frozen=5, explained=0),
        Profile.QUICK: _texts(2, texts=3000, frozen=4, explained=6),
        Profile.FULL: _texts(4, explained=24).model_copy(
            update={"settings": _texts(4).settings.model_copy(update={"learning_rate": 5e-5})}
        ),
    },
}
