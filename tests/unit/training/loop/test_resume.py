"""A training that was stopped ends with the weights of one that was not, bit by bit."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.unit.training.loop.tasks import Dropping, drawn, small_task
from training.loop import Checkpoint, CheckpointError, Task, fit
from training.settings import Schedule, Settings

SETTINGS = Settings(epochs=4, batch=16, checkpoint_seconds=0)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def planned(**plan: object) -> Task:
    return replace(small_task(), plan=plan)


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


@pytest.mark.parametrize("schedule", list(Schedule))
def test_every_schedule_resumes_to_the_same_weights(tmp_path: Path, schedule: Schedule) -> None:
    settings = SETTINGS.model_copy(update={"schedule": schedule, "learning_rate": 0.05})
    through = fit(small_task(), settings)
    file = Checkpoint(tmp_path / "checkpoint")

    class StoppedError(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith("epoch 2/"):
            raise StoppedError

    with pytest.raises(StoppedError):
        fit(small_task(), settings, file, stop)
    resumed = fit(small_task(), settings, file)

    assert same(resumed.model.state_dict(), through.model.state_dict())
    assert [epoch.train for epoch in resumed.epochs] == [epoch.train for epoch in through.epochs]


def test_frozen_weights_are_not_saved_and_are_there_after_a_resume(tmp_path: Path) -> None:
    def build() -> nn.Module:
        model = Dropping()
        model.layers[0].requires_grad_(False)
        return model

    task = replace(small_task(), build=build)
    file = Checkpoint(tmp_path / "checkpoint")
    fit(task, SETTINGS.model_copy(update={"epochs": 2}), file)
    saved = file.read()
    assert saved is not None
    assert sorted(saved["model"]) == [
        "layers.3.bias",
        "layers.3.weight",
        "layers.4.bias",
        "layers.4.weight",
    ]

    resumed = fit(task, SETTINGS, file)

    assert same(resumed.model.state_dict(), fit(task, SETTINGS).model.state_dict())


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    file = Checkpoint(tmp_path / "checkpoint")
    first = fit(small_task(), SETTINGS, file)
    lines: list[str] = []

    again = fit(small_task(), SETTINGS, file, lines.append)

    assert lines == ["resumed: 4 epochs and 0 steps are done"]
    assert same(again.model.state_dict(), first.model.state_dict())


def test_more_epochs_go_on_where_fewer_ended(tmp_path: Path) -> None:
    file = Checkpoint(tmp_path / "checkpoint")
    fit(small_task(), SETTINGS.model_copy(update={"epochs": 2}), file)

    longer = fit(small_task(), SETTINGS, file)

    assert same(longer.model.state_dict(), fit(small_task(), SETTINGS).model.state_dict())


@pytest.mark.parametrize(
    ("task", "changed", "field"),
    [
        (small_task(), {"seed": 8}, "settings.seed: found 7, expected 8"),
        (small_task(), {"learning_rate": 0.5}, "settings.learning_rate: found 0.001, expected 0.5"),
        (small_task(), {"patience": 9}, "settings.patience: found 4, expected 9"),
        (small_task(80), {}, "data: found"),
        (replace(small_task(), name="large"), {}, "task: found small, expected large"),
        (planned(dropout=0.5), {}, "plan.dropout: found nothing, expected 0.5"),
    ],
    ids=["seed", "learning rate", "patience", "data", "model", "plan"],
)
def test_another_training_is_not_resumed(
    tmp_path: Path, task: Task, changed: dict[str, float], field: str
) -> None:
    file = Checkpoint(tmp_path / "checkpoint")
    fit(small_task(), SETTINGS.model_copy(update={"epochs": 1}), file)

    with pytest.raises(CheckpointError, match=f"{field}.*without --resume to begin again"):
        fit(task, SETTINGS.model_copy(update=changed), file)


@pytest.mark.parametrize(
    ("begun", "resumed", "difference"),
    [
        ({"dropout": None}, {"dropout": 0.5}, "plan.dropout: found the model's own, expected 0.5"),
        ({"dropout": 0.1}, {"dropout": 0.5}, "plan.dropout: found 0.1, expected 0.5"),
        ({"frozen": 4}, {"frozen": 2}, "plan.frozen: found 4, expected 2"),
    ],
)
def test_a_model_of_another_plan_is_not_resumed(
    tmp_path: Path, begun: dict[str, object], resumed: dict[str, object], difference: str
) -> None:
    file = Checkpoint(tmp_path / "checkpoint")
    settings = SETTINGS.model_copy(update={"epochs": 1})
    fit(planned(**begun), settings, file)
    fit(planned(**begun), settings, file)

    with pytest.raises(CheckpointError, match=difference):
        fit(planned(**resumed), settings, file)


@pytest.mark.parametrize("schedule", [Schedule.NONE, Schedule.COSINE])
def test_patience_may_change_where_the_rate_does_not_follow_it(
    tmp_path: Path, schedule: Schedule
) -> None:
    file = Checkpoint(tmp_path / "checkpoint")
    settings = SETTINGS.model_copy(update={"schedule": schedule})
    first = fit(small_task(), settings, file)

    again = fit(small_task(), settings.model_copy(update={"patience": 9}), file)

    assert same(again.model.state_dict(), first.model.state_dict())


def test_a_cosine_plan_is_not_stretched_by_a_resume(tmp_path: Path) -> None:
    file = Checkpoint(tmp_path / "checkpoint")
    settings = SETTINGS.model_copy(update={"schedule": Schedule.COSINE, "epochs": 2})
    fit(small_task(), settings, file)

    with pytest.raises(CheckpointError, match=r"settings.epochs: found 2, expected 3"):
        fit(small_task(), settings.model_copy(update={"epochs": 3}), file)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-100], "found content of SHA-256 [0-9a-f]{12}, expected"),
        (lambda content: content[:500] + b"\0" + content[501:], "found content of SHA-256"),
        (lambda content: b"PK\3\4" + content, "found no header of a checkpoint"),
        (lambda content: b"", "found no header of a checkpoint"),
    ],
    ids=["cut off", "one byte changed", "another format", "empty"],
)
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: object, message: str) -> None:
    file = Checkpoint(tmp_path / "checkpoint")
    fit(small_task(), SETTINGS.model_copy(update={"epochs": 1}), file)
    content = file.path.read_bytes()
    file.path.write_bytes(damage(content))  # type: ignore[operator]
    assert file.path.read_bytes() != content

    with pytest.raises(CheckpointError, match=f"{message}.*delete it, or train without --resume"):
        fit(small_task(), SETTINGS, file)


def test_a_checkpoint_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Checkpoint(tmp_path / "checkpoint")
    file.write({"data": drawn(4, 1).targets})
    before = file.path.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        file.write({"data": drawn(8, 1).targets})

    assert file.path.read_bytes() == before
