"""Merge of `configOverrides`, which are protobuf text, into a written config.

Single fields are replaced, messages and maps merged, inputs and outputs merged by name, other lists
replaced. Overrides that contradict the spec are refused, and the problem names both sides.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from google.protobuf import text_format

from inference_operator.api.problem import Problem, first
from inference_operator.api.quoting import LISTED, MOST_PROBLEMS, listed, quoted, short
from inference_operator.api.triton import MOST_BACKSLASHES
from model_builders.names import PLATFORMS
from model_builders.problem import ConfigError
from model_builders.protobuf import written_config
from model_builders.spec_paths import OF_CUSTOM, OF_MODEL, Owners, spec_path
from model_builders.spelling import enum_suggestion, field_suggestion

OVERRIDES = "spec.triton.configOverrides"
_NAMED_LISTS = ("input", "output")
_RUN = "\\" * (MOST_BACKSLASHES + 1)
# The reason of a parser quotes the text at which it stopped.
_LONGEST_REASON = 200


def apply_overrides(config: Any, text: str, owners: Owners = OF_MODEL) -> list[Problem]:
    """Merge `text` into the written `config`, and return the contradictions.

    `owners` are the fields of the spec from which `config` was made.
    """
    try:
        overrides = parse_written(text, OVERRIDES)
    except ConfigError as error:
        return error.problems
    merge = _Merge(owners)
    merge.choose_backend(config, overrides)
    merge.message(config, overrides, "")
    return first(merge.problems)


def parse_written(text: str, path: str) -> Any:
    """Parse protobuf text as a written config; ConfigError names line, column and remedy."""
    if _RUN in text:
        value = f"more than {MOST_BACKSLASHES} backslashes in a row"
        raise ConfigError(
            [Problem(path, value, f"at most {MOST_BACKSLASHES}", "remove some of them")]
        )
    try:
        parsed = _parsed(text)
    except text_format.ParseError as error:
        raise ConfigError([_parse_problem(error, text, path)]) from error
    except RecursionError as error:
        problem = Problem(path, "messages nested too deeply", "the fields of ModelConfig")
        raise ConfigError([problem]) from error
    config = written_config()
    config.CopyFrom(parsed)
    return config


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """Return the parsed text; each pass reads the same text several times, and most passes do."""
    config = written_config()
    text_format.Parse(text, config)
    return config


def _parse_problem(error: text_format.ParseError, text: str, path: str) -> Problem:
    reason = str(error)
    where = ""
    if error.GetLine() is not None:
        where = f"line {error.GetLine()}, column {error.GetColumn()}: "
        reason = reason.removeprefix(f"{error.GetLine()}:{error.GetColumn()} : ")
        reason = reason.partition("': ")[2] or reason
        if not reason.startswith(("Message type", "Enum type")):
            reason = _without_value(reason)
    return Problem(
        path,
        f"{where}{short(reason.rstrip('.'), _LONGEST_REASON)}",
        "fields of Triton's ModelConfig in protobuf text format",
        "keep one of the two" if "another member of oneof" in reason else _suggestion(error, text),
    )


def _without_value(reason: str) -> str:
    """Return the parser's reason without the value that it quotes, which may be a password."""
    for mark in (": '", ': "'):
        about, separator, value = reason.partition(mark)
        if separator and any(map(str.isalnum, value)):
            return f"{about}: a value that is not shown"
    return reason


def _suggestion(error: text_format.ParseError, text: str) -> str:
    if remedy := enum_suggestion(str(error)):
        return remedy
    lines = text.splitlines()
    line, column = error.GetLine() or 0, error.GetColumn() or 0
    if 0 < line <= len(lines):
        word = lines[line - 1][max(column - 1, 0) :].strip()
        word = "".join(c if c.isalnum() or c == "_" else " " for c in word).partition(" ")[0]
        if remedy := field_suggestion(word):
            return remedy
    return "write it as in config.pbtxt, such as `model_transaction_policy { decoupled: true }`"


def _is_map(descriptor: Any) -> bool:
    return bool(
        descriptor.message_type is not None and descriptor.message_type.GetOptions().map_entry
    )


@dataclass(slots=True)
class _Merge:
    """One merge of overrides into a config, which collects contradictions."""

    owners: Owners
    problems: list[Problem] = field(default_factory=list)

    def choose_backend(self, config: Any, overrides: Any) -> None:
        """Replace the rendered backend by `platform`, the older name of a backend.

        Both must agree: `platform: "onnxruntime_onnx"` for an ONNX model. Other backends, which the
        spec names itself, may have any platform beside them.
        """
        if not overrides.HasField("platform") or not config.HasField("backend"):
            return  # an ensemble has a platform and no backend
        platforms = PLATFORMS.get(config.backend, ())
        is_named = self.owners["backend"] == OF_CUSTOM["backend"]
        of_others = {p for name, ps in PLATFORMS.items() if name != config.backend for p in ps}
        # Triton refuses a backend that it knows beside the platform of another one.
        is_foreign = config.backend in PLATFORMS and overrides.platform in of_others
        is_free = is_named and overrides.platform != "ensemble" and not is_foreign
        if overrides.platform not in platforms and not is_free:
            expected = listed(platforms, "no platform")
            self.refuse("platform", quoted(overrides.platform), expected)
            overrides.ClearField("platform")
        elif overrides.platform in platforms and not overrides.HasField("backend"):
            config.ClearField("backend")

    def message(self, config: Any, overrides: Any, prefix: str) -> None:
        for descriptor, value in overrides.ListFields():
            if len(self.problems) > MOST_PROBLEMS:
                return
            where = f"{prefix}.{descriptor.name}" if prefix else descriptor.name
            if _is_map(descriptor):
                self.mapping(getattr(config, descriptor.name), value, where)
            elif descriptor.is_repeated:
                self.repeated(config, descriptor.name, value, where)
            elif descriptor.message_type is not None:
                self.nested(config, descriptor, value, where)
            else:
                self.single(config, descriptor, value, where)

    def single(self, config: Any, descriptor: Any, value: Any, where: str) -> None:
        if self.other_choice(config, descriptor, where):
            return
        declared = getattr(config, descriptor.name)
        if config.HasField(descriptor.name) and declared != value:
            if where.startswith("parameters["):
                self.refuse(where, "another value (not shown)", "the value")
                return
            self.refuse(where, _shown(descriptor, value), _shown(descriptor, declared))
            return
        setattr(config, descriptor.name, value)

    def nested(self, config: Any, descriptor: Any, value: Any, where: str) -> None:
        if self.other_choice(config, descriptor, where):
            return
        nested = getattr(config, descriptor.name)
        nested.SetInParent()
        self.message(nested, value, where)

    def other_choice(self, config: Any, descriptor: Any, where: str) -> bool:
        """Return whether the config has another member of the same oneof, which is refused."""
        oneof = descriptor.containing_oneof
        chosen = config.WhichOneof(oneof.name) if oneof is not None else None
        if chosen is None or chosen == descriptor.name:
            return False
        prefix = where.rpartition(".")[0]
        rival = f"{prefix}.{chosen}" if prefix else chosen
        self.refuse(where, descriptor.name, chosen, spec_path(rival, self.owners))
        return True

    def mapping(self, declared: Any, value: Any, where: str) -> None:
        for key, entry in value.items():
            if len(self.problems) > MOST_PROBLEMS:
                return
            at = f"{where}[{key}]"
            if hasattr(entry, "ListFields"):
                self.message(declared[key], entry, at)
            elif key in declared and declared[key] != entry:
                self.refuse(at, quoted(entry), quoted(declared[key]))
            else:
                declared[key] = entry

    def repeated(self, config: Any, name: str, value: Any, where: str) -> None:
        declared = getattr(config, name)
        if where in _NAMED_LISTS and declared:
            self.by_name(declared, value, where)
        elif declared and list(declared) != list(value):
            self.refuse(where, _listed(value), _listed(declared))
        else:
            config.ClearField(name)
            getattr(config, name).MergeFrom(value)

    def by_name(self, declared: Any, value: Any, where: str) -> None:
        tensors = {tensor.name: tensor for tensor in declared}
        for tensor in value:
            if len(self.problems) > MOST_PROBLEMS:
                return
            if tensor.name in tensors:
                self.message(tensors[tensor.name], tensor, f"{where}[{tensor.name}]")
            else:
                self.refuse(where, quoted(tensor.name), f"one of {listed(tensors, show=short)}")

    def refuse(self, where: str, value: str, declared: str, owner: str | None = None) -> None:
        owner = owner or spec_path(where, self.owners)
        self.problems.append(
            Problem(
                f"{OVERRIDES}: {where}",
                value,
                f"{declared} as in {owner}",
                f"write the value that is meant into {owner}, and remove it from the overrides,"
                " which cannot contradict the spec",
            )
        )


def _shown(descriptor: Any, value: Any) -> str:
    if descriptor.enum_type is not None:
        return str(descriptor.enum_type.values_by_number[value].name)
    if isinstance(value, str):
        return quoted(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(values: Any) -> str:
    texts: list[str] = []
    for value in values[:LISTED]:
        if hasattr(value, "ListFields"):
            texts.append(short(f"{{ {text_format.MessageToString(value, as_one_line=True)} }}"))
        else:
            texts.append(quoted(value) if isinstance(value, str) else str(value))
    more = f" and {len(values) - LISTED} more" if len(values) > LISTED else ""
    return f"[{', '.join(texts)}{more}]"
