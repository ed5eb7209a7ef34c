"""One training loop for every task, which does not depend on a data set."""

from training.loop.checkpoint import Checkpoint, CheckpointError
from training.loop.fitting import DeviceError, Fitted, LossError, fit
from training.loop.predicting import predict
from training.loop.samples import Samples, SamplesError
from training.loop.task import Task

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "DeviceError",
    "Fitted",
    "LossError",
    "Samples",
    "SamplesError",
    "Task",
    "fit",
    "predict",
]
