"""A search for better settings by Optuna: python -m training.search --trials 5 --output DIR.

Chooses by the validation parts of walk-forward folds that end before the held-out period; nothing
here looks at what the report judges by.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import torch

from training.data.prices import Split, load_prices, windows
from training.data.walk_forward import folds, held_out
from training.failure import TrainingError
from training.loop import LossError, fit
from training.price_task import price_task
from training.settings import Settings

_MODELS = ("lstm", "gru", "advanced_lstm")
_REASON = "reason"  # why a trial was ended, among what Optuna keeps of it


class SearchError(TrainingError):
    """There is no best trial; the message lists how the trials ended."""


@dataclass(frozen=True, slots=True)
class Search:
    """A model, its folds, and the settings of all trials."""

    name: str
    parts: tuple[Split, ...]
    settings: Settings

    def objective(self, trial: optuna.Trial) -> float:
        """Return the mean best validation loss of the folds; stop a trial that is behind."""
        chosen = self.settings.model_copy(
            update={
                "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
                "weight_decay": trial.suggest_float("weight_decay", 1e-6, 1e-1, log=True),
                "batch": trial.suggest_categorical("batch", [64, 128, 256]),
            }
        )
        dropout = trial.suggest_float("dropout", 0.0, 0.5)
        losses: list[float] = []
        for number, part in enumerate(self.parts):
            try:
                fitted = fit(price_task(self.name, part, dropout), chosen)
            except LossError as error:
                # These settings fail, which is a result of the search and does not end it.
                trial.set_user_attr(_REASON, str(error))
                raise optuna.TrialPruned from None
            losses.append(fitted.epochs[fitted.best - 1].validation)
            trial.report(sum(losses) / len(losses), number)
            if trial.should_prune():
                raise optuna.TrialPruned
        return sum(losses) / len(losses)


def search(space: Search, trials: int) -> optuna.Study:
    """Return a study of so many trials; the same seed gives the same study."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=space.settings.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
    )
    study.enqueue_trial(_usual(space.settings))
    study.optimize(space.objective, trials, callbacks=[_say])
    return study


def outcome(study: optuna.Study, space: Search) -> dict[str, Any]:
    """Return all trials, the best one, and how to train with its settings.

    Raises SearchError where no trial came to its end.
    """
    _demand_a_best(study)
    words = [f"--{name.replace('_', '-')} {value}" for name, value in study.best_params.items()]
    return {
        "model": space.name,
        "settings": space.settings.model_dump(mode="json"),
        "trials": [
            {"number": t.number, "state": t.state.name, "loss": t.value, **t.params}
            for t in study.trials
        ],
        "best": {"loss": study.best_value, **study.best_params},
        "options": " ".join(words),
    }


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.search")
    parser.add_argument("--model", choices=_MODELS, default="lstm")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3, help="of each fold")
    parser.add_argument("--stride", type=int, default=4, help="every n-th window")
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="folder of search.json")
    given = parser.parse_args(words)
    torch.set_num_threads(given.threads)
    before, _ = held_out(windows(load_prices().bars, given.stride))
    space = Search(
        f"{given.model}_price_predictor",
        folds(before, given.folds),
        Settings(epochs=given.epochs, patience=given.epochs, seed=given.seed),
    )
    try:
        content = outcome(search(space, given.trials), space)
    except TrainingError as error:
        print(error, file=sys.stderr)
        return 2
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "search.json").write_text(json.dumps(content, indent=2) + "\n")
    print(f"best of {given.trials}: validation loss {content['best']['loss']:.4f} with")
    print(f"  {content['options']}")
    return 0


def _demand_a_best(study: optuna.Study) -> None:
    if any(trial.state is optuna.trial.TrialState.COMPLETE for trial in study.trials):
        return
    over = [trial for trial in study.trials if trial.state.is_finished()]
    reasons = [trial.user_attrs[_REASON] for trial in over if _REASON in trial.user_attrs]
    last = f" (the last one: {reasons[-1]})" if reasons else ""
    raise SearchError(
        f"trials: found none of {len(over)} that came to its end{last}, expected one or"
        " more; take more --trials, and see with `train` that the usual settings learn at all"
    )


def _usual(settings: Settings) -> dict[str, Any]:
    """Return the first trial, which the others are to beat."""
    return {
        "learning_rate": settings.learning_rate,
        "weight_decay": 1e-6,
        "batch": settings.batch,
        "dropout": 0.2,
    }


def _say(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    value = "ended early" if trial.value is None else f"validation loss {trial.value:.4f}"
    print(f"trial {trial.number}: {value}, {trial.params}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
