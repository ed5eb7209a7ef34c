"""Configurations of the sequence batcher: controls, strategies and states."""

from tests.unit.model_builders.triton_config_table.row import TORCH, Accepted, Judge, Refused


def sequences(text: str) -> str:
    return f"sequence_batching {{ {text} }}"


def control(name: str, kind: str, values: str) -> str:
    return (
        f'control_input {{ name: "{name}" control {{ kind: CONTROL_SEQUENCE_{kind} {values} }} }} '
    )


def state(text: str, names: str = 'input_name: "s" output_name: "t"') -> str:
    return sequences(f"state {{ {names} data_type: TYPE_FP32 dims: 4 {text} }}")


def initial(text: str) -> str:
    return state(f"initial_state {{ {text} }}")


_FP32 = "fp32_false_true: [0, 1]"
_TORCH = "pytorch_backend, ValidateBooleanSequenceControl and ValidateTypedSequenceControl"
_CONTROL = "sequence_batching.control_input"
_INITIAL = "sequence_batching.state[0].initial_state"

REFUSED: dict[str, Refused] = {
    "a control without values": Refused(
        sequences(control("A", "START", "")),
        at=f"{_CONTROL}[A].control",
        says="must specify either 'int32_false_true'",
    ),
    "a control with values of two types": Refused(
        sequences(control("A", "END", f"{_FP32} int32_false_true: [0, 1]")),
        at=f"{_CONTROL}[A].control",
        says="specifies more than one from",
    ),
    "a control with one value": Refused(
        sequences(control("A", "READY", "int32_false_true: 1")),
        at=f"{_CONTROL}[A].control.int32_false_true",
        says="must have exactly 2 entries",
    ),
    "a control with three values": Refused(
        sequences(control("A", "START", "bool_false_true: [false, true, true]")),
        at=f"{_CONTROL}[A].control.bool_false_true",
        says="must have exactly 2 entries",
    ),
    "two starts": Refused(
        sequences(control("A", "START", _FP32) + control("B", "START", _FP32)),
        at=f"{_CONTROL}[B].control",
        says="specifies multiple CONTROL_SEQUENCE_START tensors",
    ),
    "two starts of one input": Refused(
        sequences(
            f'control_input {{ name: "A" control {{ kind: CONTROL_SEQUENCE_START {_FP32} }}'
            f" control {{ kind: CONTROL_SEQUENCE_START {_FP32} }} }}"
        ),
        at=f"{_CONTROL}[A].control",
        says="specifies multiple CONTROL_SEQUENCE_START tensors",
    ),
    "one input for two controls": Refused(
        sequences(control("A", "START", _FP32) + control("A", "END", _FP32)),
        at=f"{_CONTROL}[1].name",
        says="is specified for multiple control kinds",
    ),
    "a control without a name": Refused(
        sequences(control("", "START", _FP32)),
        at=f"{_CONTROL}[0].name",
        says="control tensor must have a name",
    ),
    "two ids": Refused(
        sequences(
            control("A", "CORRID", "data_type: TYPE_UINT64")
            + control("B", "CORRID", "data_type: TYPE_UINT64")
        ),
        at=f"{_CONTROL}[B].control",
        says="specifies multiple CONTROL_SEQUENCE_CORRID tensors",
    ),
    "an id of a type that ids do not have": Refused(
        sequences(control("A", "CORRID", "data_type: TYPE_FP32")),
        at=f"{_CONTROL}[A].control.data_type",
        says="unexpected data type for control CONTROL_SEQUENCE_CORRID",
    ),
    "an id without a type": Refused(
        sequences(control("A", "CORRID", "")),
        at=f"{_CONTROL}[A].control.data_type",
        says="unexpected data type for control CONTROL_SEQUENCE_CORRID",
    ),
    "an id with values": Refused(
        sequences(control("A", "CORRID", f"data_type: TYPE_UINT64 {_FP32}")),
        at=f"{_CONTROL}[A].control.fp32_false_true",
        says="must not specify either 'int32_false_true'",
    ),
    "slots in use beyond all": Refused(
        sequences("direct { minimum_slot_utilization: 1.5 }"),
        at="sequence_batching.direct.minimum_slot_utilization",
        says="minimum slot utilization must be in range",
    ),
    "slots in use below 0": Refused(
        sequences("direct { minimum_slot_utilization: -0.5 }"),
        at="sequence_batching.direct.minimum_slot_utilization",
        says="minimum slot utilization must be in range",
    ),
    "a preferred batch of sequences that is too large": Refused(
        sequences("oldest { preferred_batch_size: 9 }"),
        at="sequence_batching.oldest.preferred_batch_size",
        says="preferred batch size must be <= max batch size",
    ),
    "a preferred batch of no sequence": Refused(
        sequences("oldest { preferred_batch_size: [4, 0] }"),
        at="sequence_batching.oldest.preferred_batch_size",
        says="preferred batch size must be positive",
    ),
    "cached sequences": Refused(
        sequences("direct { }"),
        triton={"responseCache": {"size": "1Mi"}},
        at="sequence_batching",
        says="does not currently support model",
    ),
    "a control of TorchScript without an index": Refused(
        sequences(control("START", "START", _FP32)),
        model=TORCH,
        at=f"{_CONTROL}[START].name",
        says=_TORCH,
        judge=Judge.SOURCE,
    ),
    "a control of TorchScript with a word for its index": Refused(
        sequences(control("READY__last", "READY", _FP32)),
        model=TORCH,
        at=f"{_CONTROL}[READY__last].name",
        says=_TORCH,
        judge=Judge.SOURCE,
    ),
    "an id of TorchScript without an index": Refused(
        sequences(control("ID", "CORRID", "data_type: TYPE_INT64")),
        model=TORCH,
        at=f"{_CONTROL}[ID].name",
        says=_TORCH,
        judge=Judge.SOURCE,
    ),
    "an id of a type that TorchScript does not have": Refused(
        sequences(control("ID__2", "CORRID", "data_type: TYPE_UINT64")),
        model=TORCH,
        at=f"{_CONTROL}[ID__2].control.data_type",
        says=_TORCH,
        judge=Judge.SOURCE,
    ),
    "a state of TorchScript without an index": Refused(
        state(""),
        model=TORCH,
        at="sequence_batching.state[0].input_name",
        says="pytorch_backend, ValidateInputs",
        judge=Judge.SOURCE,
    ),
    "an initial state of another type": Refused(
        initial('name: "z" data_type: TYPE_FP16 dims: 4 zero_data: true'),
        at=f"{_INITIAL}.data_type",
        says="does not match the state data type",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "an initial state without a name": Refused(
        initial("data_type: TYPE_FP32 dims: 4 zero_data: true"),
        at=f"{_INITIAL}.name",
        says="Field 'name' must be set when using initial_state",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "an initial state of more dimensions": Refused(
        initial('name: "z" data_type: TYPE_FP32 dims: [4, 1] zero_data: true'),
        at=f"{_INITIAL}.dims",
        says="Number of dimensions in 'initial_state' doesn't match",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "an initial state of another size": Refused(
        initial('name: "z" data_type: TYPE_FP32 dims: 5 zero_data: true'),
        at=f"{_INITIAL}.dims",
        says="doesn't match 'state' dim description",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "an initial state of a variable size": Refused(
        initial('name: "z" data_type: TYPE_FP32 dims: -1 zero_data: true'),
        at=f"{_INITIAL}.dims",
        says="contains variable dimensions",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "an initial state without data": Refused(
        initial('name: "z" data_type: TYPE_FP32 dims: 4'),
        at=_INITIAL,
        says="to have state_data set",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "two initial states": Refused(
        state('initial_state { name: "a" } initial_state { name: "b" }'),
        at=_INITIAL,
        says="must contain exactly one or zero element",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "one state twice, with initial states": Refused(
        sequences(
            'state { input_name: "s" output_name: "t" data_type: TYPE_FP32 dims: 1 initial_state'
            ' { name: "z" data_type: TYPE_FP32 dims: 1 zero_data: true } } state { input_name: "s"'
            ' output_name: "u" data_type: TYPE_FP32 dims: 1 initial_state { name: "z" data_type:'
            " TYPE_FP32 dims: 1 zero_data: true } }"
        ),
        at="sequence_batching.state[1].input_name",
        says="specified more than once",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "a state without names": Refused(
        sequences("state { data_type: TYPE_FP32 dims: 4 }"),
        at="sequence_batching.state[0].input_name",
        judge=Judge.DEATH,
    ),
    "a state without a type": Refused(
        sequences('state { input_name: "s" output_name: "t" dims: 4 }'),
        at="sequence_batching.state[0].data_type",
        says="is not healthy",
        judge=Judge.REQUEST,
    ),
}

ACCEPTED: dict[str, Accepted] = {
    "sequences without controls": Accepted(sequences("")),
    "an input without a control": Accepted(sequences('control_input { name: "A" }')),
    "all controls": Accepted(
        sequences(
            control("A", "START", _FP32)
            + control("B", "END", "int32_false_true: [0, 1]")
            + control("C", "READY", "bool_false_true: [false, true]")
            + control("D", "CORRID", "data_type: TYPE_UINT64")
        )
    ),
    "two controls of one input": Accepted(
        sequences(
            f'control_input {{ name: "A" control {{ kind: CONTROL_SEQUENCE_START {_FP32} }}'
            f" control {{ kind: CONTROL_SEQUENCE_END {_FP32} }} }}"
        )
    ),
    "values in the other order": Accepted(
        sequences(control("A", "START", "fp32_false_true: [1, 0]"))
    ),
    "an id as a text": Accepted(
        sequences(control("A", "CORRID", "data_type: TYPE_STRING")), answers=False
    ),
    "slots in use from none on": Accepted(sequences("direct { minimum_slot_utilization: 0 }")),
    "slots in use, all": Accepted(sequences("direct { minimum_slot_utilization: 1 }")),
    "the oldest sequences": Accepted(
        sequences("oldest { max_candidate_sequences: 4 preferred_batch_size: [2, 8] }")
    ),
    "iterative sequences": Accepted(sequences("iterative_sequence: true")),
    "a state": Accepted(state("")),
    "a state without dims": Accepted(
        sequences('state { input_name: "s" output_name: "t" data_type: TYPE_FP32 }')
    ),
    "a state with an initial one": Accepted(
        initial('name: "z" data_type: TYPE_FP32 dims: 4 zero_data: true')
    ),
    "an initial state of one size for a variable one": Accepted(
        sequences(
            'state { input_name: "s" output_name: "t" data_type: TYPE_INT32 dims: -1 initial_state'
            ' { name: "z" data_type: TYPE_INT32 dims: 3 zero_data: true } }'
        )
    ),
    "controls and states of TorchScript by index": Accepted(
        sequences(
            control("START__2", "START", _FP32)
            + control("ID__3", "CORRID", "data_type: TYPE_INT64")
            + 'state { input_name: "S__4" output_name: "T__1" data_type: TYPE_FP32 dims: 2 }'
        ),
        model=TORCH,
        judge=Judge.SOURCE,
    ),
}
