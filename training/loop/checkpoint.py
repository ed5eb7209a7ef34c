"""A training's whole state in one file that is complete or refused; written over atomically."""

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.failure import TrainingError

_FORMAT = b"inference-operator checkpoint 1 "
_DIGEST = 64
State = dict[str, Any]


class CheckpointError(TrainingError):
    """The checkpoint is damaged, or of another training; the message gives the remedy."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The file `path`: a line with format and SHA-256 of the rest, then what `torch.save` wrote."""

    path: Path

    def write(self, state: State) -> None:
        """Replace the file; a process that dies meanwhile leaves the one before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        torch.save(state, buffer)
        payload = buffer.getbuffer()
        part = self.path.with_name(self.path.name + ".part")
        with part.open("wb") as file:
            file.write(_FORMAT + hashlib.sha256(payload).hexdigest().encode() + b"\n")
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)

    def read(self) -> State | None:
        """Return the state, on the CPU; None where there is no file.

        Raises CheckpointError for a file that is not what was written.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        head, payload = content[: len(_FORMAT) + _DIGEST], content[len(_FORMAT) + _DIGEST + 1 :]
        if not head.startswith(_FORMAT):
            raise CheckpointError(self._damaged("no header of a checkpoint", "one of this version"))
        expected = head[len(_FORMAT) :].decode("ascii", "replace")
        digest = hashlib.sha256(payload).hexdigest()
        if digest != expected:
            raise CheckpointError(self._damaged(f"content of SHA-256 {digest[:12]}", expected[:12]))
        # Tensors and plain values only: a checkpoint from elsewhere cannot run code.
        state: State = torch.load(io.BytesIO(payload), weights_only=True, map_location="cpu")
        return state

    def _damaged(self, actual: str, expected: str) -> str:
        return (
            f"checkpoint {self.path}: found {actual}, expected {expected}: the file is damaged;"
            " delete it, or train without --resume, to begin again"
        )
