"""The kill switch: models that must not answer, with the reason that callers read."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from serving.gateway.problems import Problem, Reason, RefusedError
from serving.gateway.watched_file import WatchedFile

_LONGEST = 64 * 1024


class Switch:
    """Models that are off by setting, or by a file that is read again when it changes.

    A file that cannot be read leaves its last good content in force.
    """

    def __init__(self, disabled: Mapping[str, str], file: str) -> None:
        self._disabled = dict(disabled)
        self._file = WatchedFile(Path(file), _read) if file else None

    def reason(self, model: str) -> str | None:
        """Return why the model is off; None if it is on."""
        off = self._file.content if self._file is not None else {}
        return self._disabled.get(model) or off.get(model)

    def check(self, model: str) -> None:
        """Raise RefusedError if the model is switched off."""
        if reason := self.reason(model):
            raise RefusedError(
                Problem(
                    Reason.SWITCHED_OFF,
                    f"model {model} is switched off: {reason}; remove it from `switch` to let it"
                    " answer again",
                    value=model,
                    remedy="remove it from `switch`",
                )
            )


def _read(text: str) -> dict[str, str]:
    models = yaml.safe_load(text[:_LONGEST]) or {}
    if not isinstance(models, dict):
        raise ValueError("expected a mapping of models to reasons")
    return {str(model): str(reason or "no reason given") for model, reason in models.items()}
