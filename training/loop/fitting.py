"""The training loop: seeds, clipping, early stopping, and a resume that changes nothing."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm  # type: ignore[import-untyped]

from training.failure import TrainingError
from training.loop.checkpoint import Checkpoint, CheckpointError, State
from training.loop.history import Epoch, best_of, is_over
from training.loop.predicting import mean_loss
from training.loop.samples import demand_usable, digest_of
from training.loop.schedule import rate
from training.loop.task import Task, outputs_of
from training.settings import Device, Schedule, Settings

# A resume may go on for longer or save more often; with these alone another run has other weights.
_FREE = frozenset({"epochs", "patience", "checkpoint_seconds", "device"})
# But the cosine plan spans all epochs, and on a plateau the rate falls after half the patience.
_BOUND = {Schedule.COSINE: {"epochs"}, Schedule.PLATEAU: {"patience"}}


class DeviceError(TrainingError):
    """There is no such device here."""


class LossError(TrainingError):
    """The loss is not a number; the message names the batch and what to change."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The model of the best epoch by validation, on the CPU, and all epochs."""

    model: nn.Module
    epochs: tuple[Epoch, ...]
    best: int
    settings: Settings
    data_sha256: str


@dataclass(slots=True)
class _Position:
    """The position of a training: whole epochs, batches of the next one, and its sums."""

    epochs: list[Epoch]
    step: int = 0
    loss: float = 0.0
    norm: float = 0.0
    seconds: float = 0.0


def fit(
    task: Task,
    settings: Settings,
    checkpoint: Checkpoint | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Fitted:
    """Learn from `train` until `validation` gets no better, or all epochs are done.

    Keeps `checkpoint` up to date, and resumes from it if it exists. The weights are then equal, bit
    by bit, to those without the stop (on the CPU, with the same number of threads).
    Raises SamplesError for unusable samples, LossError when the loss is not a number, and
    CheckpointError for a checkpoint that is damaged or of another training.
    """
    demand_usable(task.train, "train", task.label)
    demand_usable(task.validation, "validation")
    trainer = _Trainer(task, settings, checkpoint, say)
    trainer.resume()
    return trainer.run()


class _Trainer:
    """The mutable state of one training: everything here is in the checkpoint, or follows."""

    def __init__(
        self,
        task: Task,
        settings: Settings,
        checkpoint: Checkpoint | None,
        say: Callable[[str], None],
    ) -> None:
        self.task, self.settings, self.checkpoint, self.say = task, settings, checkpoint, say
        self.device = device_of(settings.device)
        torch.manual_seed(settings.seed)
        self.model = task.build().to(self.device)
        self.train = task.train.to(self.device)
        self.validation = task.validation.to(self.device)
        learnt = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.learnt = learnt
        self.optimizer = torch.optim.AdamW(
            learnt, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.at = _Position([])
        self.best = {name: value.clone() for name, value in _learnt(self.model).items()}
        self.data = digest_of(task.train, task.validation)
        self.saved = time.monotonic()

    def run(self) -> Fitted:
        settings = self.settings
        while not is_over(self.at.epochs, settings.epochs, settings.patience):
            self._epoch()
            self._save()
        best = best_of(self.at.epochs)
        if len(self.at.epochs) < settings.epochs:
            self.say(f"stopping: no better for {settings.patience} epochs")
        _put_back(self.model, self.best)
        return Fitted(self.model.cpu().eval(), tuple(self.at.epochs), best, settings, self.data)

    def resume(self) -> None:
        state = self.checkpoint.read() if self.checkpoint else None
        if state is None:
            return
        _demand_same(state["identity"], self._identity(), self.checkpoint)
        _put_back(self.model, state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = {name: value.to(self.device) for name, value in state["best"].items()}
        epochs = [Epoch(**epoch) for epoch in state["epochs"]]
        self.at = _Position(epochs, **state["position"])
        torch.set_rng_state(state["random"])
        if state["cuda"] and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda"][0], self.device)
        self.say(f"resumed: {len(epochs)} epochs and {self.at.step} steps are done")

    def _epoch(self) -> None:
        at, number = self.at, len(self.at.epochs) + 1
        begun = time.monotonic() - at.seconds
        order = np.random.default_rng((self.settings.seed, number)).permutation(len(self.train))
        batches = torch.split(torch.from_numpy(order), self.settings.batch)
        self.model.train()
        title = f"epoch {number}/{self.settings.epochs}"
        # The bar appears in terminals only: a log gets its line per epoch from `say`.
        for rows in tqdm(batches[at.step :], title, leave=False, disable=None):
            self._step(rows, number, len(batches))
            at.seconds = time.monotonic() - begun
            if time.monotonic() - self.saved >= self.settings.checkpoint_seconds:
                self._save()
        validation = mean_loss(self.model, self.validation, self.task.loss, self.settings.batch)
        _demand_number(validation, f"epoch {number}, validation", self.settings)
        done = Epoch(
            number,
            at.loss / len(self.train),
            validation,
            self.optimizer.param_groups[0]["lr"],
            at.norm / len(batches),
            round(time.monotonic() - begun, 3),
        )
        self.at = _Position([*at.epochs, done])
        if best_of(self.at.epochs) == number:
            self.best = {name: value.clone() for name, value in _learnt(self.model).items()}
        self.say(_line(done, self.at.epochs, self.settings.epochs))

    def _step(self, rows: Tensor, number: int, batches: int) -> None:
        at, settings = self.at, self.settings
        validations = [epoch.validation for epoch in at.epochs]
        done = (number - 1) * batches + at.step
        for group in self.optimizer.param_groups:
            group["lr"] = rate(settings, done, settings.epochs * batches, validations)
        chosen = self.train.take(rows.to(self.device))
        self.optimizer.zero_grad()
        loss = self.task.loss(outputs_of(self.model, chosen), chosen.targets)
        value = loss.item()
        _demand_number(value, f"epoch {number}, batch {at.step + 1}", settings)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(torch.nn.utils.clip_grad_norm_(self.learnt, settings.clip_norm))
        _demand_number(norm, f"epoch {number}, batch {at.step + 1}, gradient", settings)
        self.optimizer.step()
        at.loss += value * len(chosen)
        at.norm += norm
        at.step += 1

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        at = self.at
        state: State = {
            "identity": self._identity(),
            "model": _learnt(self.model),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "epochs": [asdict(epoch) for epoch in at.epochs],
            "position": {"step": at.step, "loss": at.loss, "norm": at.norm, "seconds": at.seconds},
            "random": torch.get_rng_state(),
            "cuda": [torch.cuda.get_rng_state(self.device)] if self.device.type == "cuda" else [],
        }
        self.checkpoint.write(state)
        self.saved = time.monotonic()

    def _identity(self) -> dict[str, str]:
        """Return the values that must be equal for a resume."""
        free = _FREE - _BOUND.get(self.settings.schedule, set())
        settings = self.settings.model_dump(mode="json", exclude=set(free))
        return {
            "task": self.task.name,
            "data": self.data,
            **{f"plan.{name}": _told(value) for name, value in self.task.plan.items()},
            **{f"settings.{name}": str(value) for name, value in settings.items()},
        }


def device_of(requested: Device) -> torch.device:
    """Return the GPU where there is one and it is not declined."""
    there = torch.cuda.is_available()
    if requested is Device.CUDA and not there:
        raise DeviceError(
            "device: found no GPU that PyTorch can use, expected one for cuda; take --device auto"
        )
    return torch.device("cuda" if there and requested is not Device.CPU else "cpu")


def _learnt(model: nn.Module) -> dict[str, Tensor]:
    """Return a model's state without weights that stay as `build` made them (most encoders)."""
    frozen = {name for name, weight in model.named_parameters() if not weight.requires_grad}
    state = model.state_dict()
    return {name: value.detach() for name, value in state.items() if name not in frozen}


def _put_back(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Load the state that `_learnt` returned; the model has the rest already."""
    model.load_state_dict(model.state_dict() | state)


def _demand_number(value: float, where: str, settings: Settings) -> None:
    if not math.isfinite(value):
        raise LossError(
            f"{where}: found a loss of {value}, expected a finite number; lower --learning-rate"
            f" (now {settings.learning_rate:g}) or --clip-norm (now {settings.clip_norm:g})"
        )


def _told(value: object) -> str:
    return "the model's own" if value is None else str(value)


def _demand_same(
    recorded: dict[str, str], expected: dict[str, str], checkpoint: Checkpoint | None
) -> None:
    for name in sorted(recorded.keys() | expected.keys()):
        was, now = recorded.get(name, "nothing"), expected.get(name, "nothing")
        if was != now:
            path = checkpoint.path if checkpoint else ""
            raise CheckpointError(
                f"checkpoint {path}: {name}: found {was}, expected {now} as in this training;"
                " resume with what it was begun with, or train without --resume to begin again"
            )


def _line(done: Epoch, epochs: list[Epoch], most: int) -> str:
    best = min(epoch.validation for epoch in epochs)
    return (
        f"epoch {done.number}/{most}: train {done.train:.4f}, validation {done.validation:.4f}"
        f" (best {best:.4f}), {done.seconds:.1f} s"
    )
