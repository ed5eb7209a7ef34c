"""Rules for states that the sequence batcher keeps (GenerateInitialStateData in core's
sequence_batch_scheduler.cc, SequenceStates::Initialize in its sequence_state.cc)."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from model_builders.checks.config_rules.subject import Subject
from model_builders.checks.data_types import data_type_problem
from model_builders.names import api_type, type_name

_FIELD = "sequence_batching"


def states(subject: Subject) -> Iterator[Problem]:
    initialized: set[str] = set()
    for index, state in enumerate(subject.config.sequence_batching.state):
        place = f".state[{index}]"
        yield from _state(subject, place, state)
        if len(state.initial_state) > 1:
            yield Problem(
                subject.at(_FIELD, f"{place}.initial_state"),
                f"{len(state.initial_state)} initial states",
                "1 or none",
                "keep one",
            )
        elif state.initial_state:
            if state.input_name in initialized:
                yield Problem(
                    subject.at(_FIELD, f"{place}.input_name"),
                    f"{quoted(state.input_name)} a second time",
                    "each state once",
                    "remove one of the two",
                )
            initialized.add(state.input_name)
            yield from _initial(subject, place, state)


def _state(subject: Subject, place: str, state: Any) -> Iterator[Problem]:
    """Refuse a state that Triton cannot make: its process ends at the first request."""
    for field in ("input_name", "output_name"):
        if not getattr(state, field):
            path = subject.at(_FIELD, f"{place}.{field}")
            yield Problem(path, "no name", "a tensor of the model", f"set {field}")
    path = subject.at(_FIELD, f"{place}.data_type")
    data_type = api_type(state.data_type)
    if data_type is None:
        yield Problem(path, "no data type", "one such as TYPE_FP32", "set data_type")
    elif problem := data_type_problem(path, data_type, subject.format, subject.image, "TYPE_"):
        yield problem
    if any(dim < 1 and dim != -1 for dim in state.dims):
        yield Problem(
            subject.at(_FIELD, f"{place}.dims"),
            str(list(state.dims)),
            "dimensions of 1 or more, or -1",
            "write -1 for a dimension that varies",
        )


def _initial(subject: Subject, place: str, state: Any) -> Iterator[Problem]:
    initial = state.initial_state[0]
    path = subject.at(_FIELD, f"{place}.initial_state")
    if not initial.name:
        yield Problem(f"{path}.name", "no name", "a name for Triton's log", "set name")
    if initial.data_type != state.data_type:
        yield Problem(
            f"{path}.data_type",
            type_name(initial.data_type),
            f"{type_name(state.data_type)}, as the state has it",
            "use the state's type",
        )
    fits = len(initial.dims) == len(state.dims) and all(
        dim >= 1 and expected in (-1, dim)
        for dim, expected in zip(initial.dims, state.dims, strict=True)
    )
    if not fits:
        yield Problem(
            f"{path}.dims",
            str(list(initial.dims)),
            f"sizes that fit {list(state.dims)}, the state's dims",
            "write one size for each of the state's dimensions",
        )
    if initial.WhichOneof("state_data") is None:
        yield Problem(path, "no data", "zero_data", "set zero_data: true")
