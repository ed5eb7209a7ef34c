"""What `load` leaves on the pod's termination log, and how the operator reads it back."""

import json
from dataclasses import dataclass
from typing import Any

from inference_operator.api.quoting import cut, one_line
from inference_operator.api.reasons import Reason
from inference_operator.domain.bounded_json import JsonLimits, parse_json

# The kubelet keeps no more of a container's termination message.
MAX_BYTES = 4096
_LIMITS = JsonLimits(size=MAX_BYTES)
_SHORTEST = 200
_FIELDS = ("name", "sha256", "bytes")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """One model as it was laid out; `sha256` is of the artifact at its source, `bytes` its size."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How loading ended: `Resolved` with the models, or the reason why not and what to do."""

    reason: Reason
    message: str
    models: tuple[LoadedModel, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.reason is Reason.RESOLVED

    def to_json(self) -> str:
        """At most `MAX_BYTES` of JSON.

        The message is cut first; then models become [name, sha256, bytes], which holds 32 with
        names of 25 characters; last, models at the end are left out.
        """
        # A file name that is no UTF-8 reaches a message as surrogates, which cannot be encoded.
        message = one_line(self.message)
        models = [{name: getattr(model, name) for name in _FIELDS} for model in self.models]
        items: list[Any] = list(models)
        while len(text := self._encode(message, items).encode()) > MAX_BYTES:
            excess = len(text) - MAX_BYTES
            if len(message) > _SHORTEST:
                message = cut(message, max(_SHORTEST, len(message) - excess))
            elif isinstance(items[-1], dict):
                items = [list(model.values()) for model in models]
            else:
                items.pop()
        return text.decode()

    def _encode(self, message: str, models: list[Any]) -> str:
        body: dict[str, object] = {"reason": self.reason.value, "message": message}
        if models:
            body["models"] = models
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> "LoadReport | None":
        """Read a termination message; None when it is not one of ours (garbage, cut, absent)."""
        try:
            data = parse_json(text or "", _LIMITS)
            message = data["message"]
            models = tuple(_loaded(item) for item in data.get("models") or ())
            report = cls(Reason(data["reason"]), message, models)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        return report if isinstance(message, str) else None


def _loaded(item: Any) -> LoadedModel:
    name, sha256, size = item if isinstance(item, list) else map(item.get, _FIELDS)
    if not (isinstance(name, str) and isinstance(sha256, str) and type(size) is int):
        raise TypeError("no loaded model")
    return LoadedModel(name, sha256, size)
