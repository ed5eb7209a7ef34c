"""Rules for the sequence batcher and its control inputs (ValidateModelConfig,
GetBooleanSequenceControlProperties and GetTypedSequenceControlProperties in core)."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.model import ModelFormat
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted, short
from model_builders.checks.config_rules.batching import preferred_sizes
from model_builders.checks.config_rules.subject import Subject
from model_builders.names import type_name
from model_builders.protobuf import DataType, model_config_pb2

_Control = model_config_pb2.ModelSequenceBatching.Control
_VALUES = ("int32_false_true", "fp32_false_true", "bool_false_true")
_IDS = ("TYPE_UINT64", "TYPE_INT64", "TYPE_UINT32", "TYPE_INT32", "TYPE_STRING")
_IDS_OF_TORCH = ("TYPE_INT64", "TYPE_INT32")
_FIELD = "sequence_batching"


def sequences(subject: Subject) -> Iterator[Problem]:
    batching = subject.config.sequence_batching
    if not subject.config.HasField(_FIELD):
        return
    yield from _names(subject, batching)
    kinds: dict[int, str] = {}
    for control_input in batching.control_input:
        place = f".control_input[{short(control_input.name)}].control"
        for control in control_input.control:
            if control.kind in kinds:
                yield Problem(
                    subject.at(_FIELD, place),
                    f"{_kind(control)}, which {quoted(kinds[control.kind])} has too",
                    "each kind of control once",
                    "remove one of the two",
                )
            kinds.setdefault(control.kind, control_input.name)
            if control.kind == _Control.CONTROL_SEQUENCE_CORRID:
                yield from _identifier(subject, place, control)
            else:
                yield from _values(subject, place, control)
    if batching.HasField("oldest"):
        sizes = batching.oldest.preferred_batch_size
        yield from preferred_sizes(subject, f"{_FIELD}.oldest", sizes)
    utilization = batching.direct.minimum_slot_utilization
    if not 0 <= utilization <= 1:
        yield Problem(
            subject.at(f"{_FIELD}.direct.minimum_slot_utilization"),
            f"{utilization:g}",
            "0 to 1: the part of the slots that must be in use",
            "write 0.5 for a half",
        )


def _names(subject: Subject, batching: Any) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, control_input in enumerate(batching.control_input):
        path = subject.at(_FIELD, f".control_input[{index}].name")
        if not control_input.name:
            yield Problem(path, "no name", "the input that gets the control", "set name")
        elif control_input.name in seen:
            yield Problem(
                path,
                f"{quoted(control_input.name)} a second time",
                "each input once",
                "give the other control an input of its own",
            )
        seen.add(control_input.name)


def _values(subject: Subject, place: str, control: Any) -> Iterator[Problem]:
    """Require one pair of values, for false and true, of one type."""
    written = [field for field in _VALUES if getattr(control, field)]
    if len(written) != 1:
        yield Problem(
            subject.at(_FIELD, place),
            f"{_kind(control)} with {' and '.join(written) or 'no values'}",
            f"one of {', '.join(_VALUES)}",
            "write the values for false and true, such as fp32_false_true: [0, 1]",
        )
    elif (count := len(getattr(control, written[0]))) != 2:
        yield Problem(
            subject.at(_FIELD, f"{place}.{written[0]}"),
            f"{count} of 2 values" if count < 2 else f"{count} values",
            "2 values, for false and true",
            f"write {written[0]}: [{'false, true' if written[0][0] == 'b' else '0, 1'}]",
        )


def _identifier(subject: Subject, place: str, control: Any) -> Iterator[Problem]:
    if written := [field for field in _VALUES if getattr(control, field)]:
        yield Problem(
            subject.at(_FIELD, f"{place}.{written[0]}"),
            "values for CONTROL_SEQUENCE_CORRID",
            "none: Triton writes the sequence's id",
            "remove it, and set data_type",
        )
    types = _IDS_OF_TORCH if subject.format is ModelFormat.TORCHSCRIPT else _IDS
    if control.data_type not in map(DataType.Value, types):
        yield Problem(
            subject.at(_FIELD, f"{place}.data_type"),
            type_name(control.data_type),
            f"one of {', '.join(types)}",
            "set the type that the model's input has",
        )


def _kind(control: Any) -> str:
    kinds = _Control.Kind
    return kinds.Name(control.kind) if control.kind in kinds.values() else str(control.kind)
