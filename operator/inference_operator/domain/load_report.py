"""Report of `load` on the pod's termination log, and the operator's reader of it."""

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from inference_operator.api.problem import MORE, PART, Problem, first
from inference_operator.api.quoting import cut, one_line, short
from inference_operator.api.reasons import Reason
from inference_operator.domain.bounded_json import JsonLimits, parse_json
from inference_operator.domain.declared_tensors import DeclaredTensors

# The kubelet keeps only so much of a container's termination message.
MAX_BYTES = 4096
_LIMITS = JsonLimits(size=MAX_BYTES)
_SHORTEST = 200
_FIELDS = ("name", "sha256", "bytes")
_LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """One loaded model; `sha256` is the digest of the artifact at its source, `bytes` its size."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class LoadReport:
    """Result of loading: `Resolved` with the models, or the reason of the failure and its
    remedy."""

    reason: Reason
    message: str
    models: tuple[LoadedModel, ...] = ()
    model: str = ""
    """The model that cannot be loaded; empty if there is none, and in reports of older loaders."""

    problems: tuple[Problem, ...] = ()
    """Problems of that model, at the fields of an InferenceModel. `message` has the same content,
    for people and for older operators."""

    tensors: DeclaredTensors | None = None
    """Tensors of the only model; None for several models, and in reports of older loaders."""

    @property
    def succeeded(self) -> bool:
        return self.reason is Reason.RESOLVED

    def to_json(self) -> str:
        """Return at most `MAX_BYTES` of JSON. The tensors are left out first. The message is cut
        next. Then problems at the end are left out. Models become [name, sha256, bytes], which
        holds 32 models with names of 25 characters. Models at the end are left out last."""
        # A file name that is not UTF-8 reaches a message as surrogates, which cannot be encoded.
        message = one_line(self.message)
        models = [{name: getattr(model, name) for name in _FIELDS} for model in self.models]
        items: list[Any] = list(models)
        problems = [_printable(problem, PART) for problem in first(self.problems)]
        if self.tensors is not None:
            tensors = {"tensors": self.tensors.to_items()}
            if len(text := self._encode(message, items, problems, tensors).encode()) <= MAX_BYTES:
                return text.decode()
        while len(text := self._encode(message, items, problems).encode()) > MAX_BYTES:
            excess = len(text) - MAX_BYTES
            if len(message) > _SHORTEST:
                message = cut(message, max(_SHORTEST, len(message) - excess))
            elif problems:
                problems = _fewer(problems)
            elif isinstance(items[-1], dict):
                items = [list(model.values()) for model in models]
            else:
                items.pop()
        return text.decode()

    def _encode(
        self,
        message: str,
        models: list[Any],
        problems: list[Problem],
        more: Mapping[str, object] | None = None,
    ) -> str:
        body: dict[str, object] = {"reason": self.reason.value, "message": message}
        if self.model:
            body["model"] = short(self.model, _LONGEST_NAME)
        if problems:
            body["problems"] = [astuple(problem) for problem in problems]
        if models:
            body["models"] = models
        body |= more or {}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> "LoadReport | None":
        """Read a termination message; return None if `load` did not write it (garbage, cut,
        absent)."""
        try:
            data = parse_json(text or "", _LIMITS)
            message = data["message"]
            models = tuple(_loaded(item) for item in data.get("models") or ())
            problems = tuple(first(map(_problem, data.get("problems") or ())))
            model = data.get("model", "")
            tensors = _declared(data.get("tensors"))
            report = cls(Reason(data["reason"]), message, models, model, problems, tensors)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        return report if isinstance(message, str) and isinstance(model, str) else None


def _declared(items: Any) -> DeclaredTensors | None:
    """Return the tensors; None where another program wrote them, since they are only shown."""
    try:
        return None if items is None else DeclaredTensors.of_items(items)
    except (ValueError, TypeError):
        return None


def _printable(problem: Problem, most: int) -> Problem:
    return Problem(*(short(part, most) for part in astuple(problem)))


def _fewer(problems: list[Problem]) -> list[Problem]:
    """Return the problems without the last one, which `MORE` stands for; a single one with less
    text."""
    kept = [problem for problem in problems if problem != MORE][:-1]
    if kept:
        return [*kept, MORE]
    longest = max(map(len, astuple(problems[0])))
    return [_printable(problems[0], longest // 2)]


def _problem(item: Any) -> Problem:
    if not isinstance(item, list) or not all(isinstance(part, str) for part in item):
        raise TypeError("not a problem")
    path, value, requirement, remedy = item
    if not requirement:
        raise ValueError("no requirement")
    return Problem(path, value, requirement, remedy)


def _loaded(item: Any) -> LoadedModel:
    name, sha256, size = item if isinstance(item, list) else map(item.get, _FIELDS)
    if not (isinstance(name, str) and isinstance(sha256, str) and type(size) is int):
        raise TypeError("not a loaded model")
    return LoadedModel(name, sha256, size)
