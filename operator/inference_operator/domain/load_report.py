"""What `load` leaves on the pod's termination log, and how the operator reads it back."""

import json
from dataclasses import dataclass
from typing import Any

from inference_operator.api.reasons import Reason

# The kubelet keeps no more of a container's termination message.
MAX_BYTES = 4096


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
        """At most `MAX_BYTES` of JSON: the message is cut first, then models at the end."""
        # A file name that is no UTF-8 reaches a message as surrogates, which cannot be encoded.
        message = self.message.encode("utf-8", "replace").decode()
        models = list(self.models)
        while len(text := self._encode(message, models).encode()) > MAX_BYTES:
            excess = len(text) - MAX_BYTES
            if len(message) > 200:
                message = message[: max(200, len(message) - excess) - 1] + "…"
            else:
                models.pop()
        return text.decode()

    def _encode(self, message: str, models: list[LoadedModel]) -> str:
        body: dict[str, object] = {"reason": self.reason.value, "message": message}
        if models:
            body["models"] = [
                {"name": m.name, "sha256": m.sha256, "bytes": m.bytes} for m in models
            ]
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> "LoadReport | None":
        """Read a termination message; None when it is not one of ours (garbage, cut, absent)."""
        try:
            data = json.loads(text or "")
            message = data["message"]
            models = tuple(_loaded(item) for item in data.get("models") or ())
            report = cls(Reason(data["reason"]), message, models)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        return report if isinstance(message, str) else None


def _loaded(item: Any) -> LoadedModel:
    name, sha256, size = item["name"], item["sha256"], item["bytes"]
    if not (isinstance(name, str) and isinstance(sha256, str) and type(size) is int):
        raise TypeError("no loaded model")
    return LoadedModel(name, sha256, size)
