"""The loop learns, stops in time, keeps the best weights, and names what it cannot learn from."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from tests.unit.training.loop.tasks import drawn, mean_square, small_task
from training.loop import DeviceError, LossError, Samples, SamplesError, fit, predict
from training.settings import Device, Settings

SETTINGS = Settings(epochs=3, batch=16)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_learns_a_rule_that_can_be_learnt() -> None:
    fitted = fit(small_task(), SETTINGS.model_copy(update={"epochs": 40, "learning_rate": 0.01}))
    assert fitted.epochs[fitted.best - 1].validation < fitted.epochs[0].validation / 5


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second = fit(small_task(), SETTINGS), fit(small_task(), SETTINGS)
    for name, weight in first.model.state_dict().items():
        assert torch.equal(weight, second.model.state_dict()[name]), name


def test_another_seed_gives_others() -> None:
    first, second = (fit(small_task(), SETTINGS.model_copy(update={"seed": s})) for s in (7, 8))
    states = first.model.state_dict(), second.model.state_dict()
    assert not torch.equal(states[0]["layers.0.weight"], states[1]["layers.0.weight"])


def test_stops_when_validation_gets_no_better() -> None:
    lines: list[str] = []
    settings = Settings(epochs=200, patience=2, batch=16, learning_rate=0.1)
    fitted = fit(small_task(), settings, say=lines.append)
    assert len(fitted.epochs) == fitted.best + 2 < 200
    assert lines[-1] == "stopping: no better for 2 epochs"


def test_keeps_the_weights_of_the_best_epoch() -> None:
    task = small_task()
    fitted = fit(task, Settings(epochs=8, patience=8, batch=16, learning_rate=0.2))
    best = min(fitted.epochs, key=lambda epoch: epoch.validation)
    assert fitted.best == best.number < 8
    loss = mean_square(predict(fitted.model, task.validation), task.validation.targets)
    assert float(loss) == pytest.approx(best.validation)


def test_a_steep_gradient_is_clipped() -> None:
    steep = replace(small_task(), loss=lambda out, targets: 1e6 * mean_square(out, targets))
    settings = Settings(epochs=1, batch=96, clip_norm=1e-9, learning_rate=0.1)
    fitted = fit(steep, settings)
    # AdamW divides by the gradient's size plus 1e-8, against which the clipped one is little.
    torch.manual_seed(settings.seed)
    moved = fitted.model.layers[0].weight.detach() - small_task().build().layers[0].weight  # type: ignore
    assert fitted.epochs[0].gradient_norm > 1e4
    assert 0 < float(moved.detach().abs().max()) < 0.02


def test_frozen_weights_stay() -> None:
    def frozen() -> nn.Module:
        model = small_task().build()
        model.layers[0].requires_grad_(False)  # type: ignore[index,operator]
        return model

    torch.manual_seed(SETTINGS.seed)
    before = frozen().state_dict()
    after = fit(replace(small_task(), build=frozen), SETTINGS).model.state_dict()
    assert torch.equal(before["layers.0.weight"], after["layers.0.weight"])
    assert not torch.equal(before["layers.3.weight"], after["layers.3.weight"])


def test_a_window_that_is_not_a_number_is_named() -> None:
    task = small_task()
    task.train.inputs["given"][5, 3] = float("nan")
    task.train.inputs["given"][9, 0] = float("inf")
    labelled = replace(task, label=lambda row: f"{row} (IBM)")
    with pytest.raises(SamplesError) as refused:
        fit(labelled, SETTINGS)
    assert str(refused.value).startswith(
        "train.given: found nan in sample 5 (IBM) at [3] (2 of 96 samples are like it), expected"
        " finite numbers; repair"
    )


def test_a_target_that_is_not_a_number_is_named() -> None:
    task = small_task()
    task.validation.targets[2] = float("inf")
    with pytest.raises(SamplesError, match=r"validation.targets: found inf in sample 2 at \[0\]"):
        fit(task, SETTINGS)


def test_no_samples_are_refused() -> None:
    with pytest.raises(SamplesError, match="train: found no samples, expected one or more"):
        fit(replace(small_task(), train=drawn(0, 1)), SETTINGS)


def test_samples_without_their_targets_are_refused() -> None:
    whole = drawn(10, 1)
    torn = Samples(whole.inputs, whole.targets[:8])
    with pytest.raises(SamplesError, match=r"train.given: found 10 rows, expected 8"):
        fit(replace(small_task(), train=torn), SETTINGS)


def test_a_loss_that_is_not_a_number_ends_the_training() -> None:
    calls = 0

    def breaking(outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return mean_square(outputs, targets) * (float("nan") if calls == 10 else 1)

    with pytest.raises(LossError, match=r"epoch 2, batch 2: found a loss of nan.*--learning-rate"):
        fit(replace(small_task(), loss=breaking), SETTINGS)


def test_a_gradient_that_is_not_a_number_ends_the_training() -> None:
    # The root's slope at 0 is infinite: a finite loss, and a gradient that would ruin the weights.
    rooted = replace(small_task(), loss=lambda out, targets: torch.sqrt((out[0] * 0).sum()))
    with pytest.raises(LossError, match=r"epoch 1, batch 1, gradient: found a loss of nan"):
        fit(rooted, SETTINGS)


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=r"device: found no GPU.*take --device auto"):
        fit(small_task(), SETTINGS.model_copy(update={"device": Device.CUDA}))


def test_a_batch_of_texts_is_cut_behind_its_longest() -> None:
    ids = torch.arange(40).reshape(4, 10)
    mask = (torch.arange(10)[None, :] < torch.tensor([3, 10, 5, 1])[:, None]).long()
    texts = Samples({"ids": ids, "mask": mask}, torch.zeros(4, 1), mask="mask")
    chosen = texts.take(torch.tensor([0, 2]))
    assert chosen.inputs["ids"].tolist() == [[0, 1, 2, 3, 4], [20, 21, 22, 23, 24]]
    assert chosen.inputs["mask"].sum(dim=1).tolist() == [3, 5]


def test_predictions_do_not_depend_on_the_batch() -> None:
    task = small_task()
    model = fit(task, SETTINGS).model
    (whole,), (parts,) = (predict(model, task.train, batch) for batch in (512, 7))
    assert torch.allclose(whole, parts, atol=1e-6)
