"""Graphs in few words, and the small models that they run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from inference_operator.api.model import DataType, InputTensor, Tensor
from model_builders.graph import Graph, GraphStep
from model_builders.names import config_type
from model_builders.protobuf import ModelConfig

_TENSOR = re.compile(r"(\w+) \[([-\d, ]+)\](?: as \[([-\d, ]*)\])?( optional)?")


def tensors(**texts: str) -> tuple[InputTensor, ...]:
    """`x="FP32 [1, 5] as [5] optional"`: a name, a type, a shape, a reshape, and whether a request
    may leave it out."""
    return tuple(_tensor(name, text) for name, text in texts.items())


def _tensor(name: str, text: str) -> InputTensor:
    match = _TENSOR.fullmatch(text)
    assert match is not None, text
    data_type, shape, reshape, optional = match.groups()
    return InputTensor(
        name=name,
        data_type=DataType(data_type),
        shape=_dims(shape),
        reshape=None if reshape is None else _dims(reshape),
        optional=bool(optional),
    )


def _dims(text: str) -> tuple[int, ...]:
    return tuple(int(dim) for dim in text.split(",") if dim.strip())


def model(
    name: str, takes: str = "", gives: str = "", *, batch: int = 8, adds: int = 1
) -> ModelConfig:
    """`takes` and `gives` are lists of `NAME TYPE [dims]`.

    For each row the model gives the sum of what its inputs are on average, and `adds`.
    """
    config = ModelConfig(name=name, backend="python", max_batch_size=batch)
    config.parameters["adds"].string_value = str(adds)
    for text, messages in ((takes, config.input), (gives, config.output)):
        for line in filter(None, (line.strip() for line in text.split(";"))):
            tensor = _tensor(*line.split(" ", 1))
            message = messages.add(
                name=tensor.name, data_type=config_type(tensor.data_type), dims=tensor.shape
            )
            if tensor.reshape is not None:
                message.reshape.shape.extend(tensor.reshape)
                message.reshape.SetInParent()
            if tensor.optional:
                message.optional = True
    return config


def step(name: str, runs: ModelConfig, takes: str, gives: str, *inner: ModelConfig) -> GraphStep:
    """`takes` is `X=window M=mask`: the model's inputs and the tensors that feed them. `inner` are
    the models that an ensemble brings along."""
    return GraphStep(name, f"spec.steps[{name}]", runs, _wires(takes), _wires(gives), inner)


def _wires(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split())


def graph(
    *steps: GraphStep,
    takes: Mapping[str, str] | tuple[InputTensor, ...],
    gives: Mapping[str, str] | tuple[InputTensor, ...],
    batch: int = 8,
    name: str = "signal",
) -> Graph:
    inputs = takes if isinstance(takes, tuple) else tensors(**takes)
    outputs = gives if isinstance(gives, tuple) else tensors(**gives)
    plain = tuple(
        Tensor(name=t.name, data_type=t.data_type, shape=t.shape, reshape=t.reshape)
        for t in outputs
    )
    return Graph(name, batch, inputs, plain, steps)


ROW = model("row", "X FP32 [5]", "Y FP32 [5]")
SMALL = model("small", "X FP32 [5]", "Y FP32 [5]", batch=2)
SCORE = model("score", "X FP32 [5]", "S FP32 [1]; C FP32 [1]")
PAIR = model("pair", "A FP32 [5]; B FP32 [5]", "Y FP32 [5]")
MASKED = model("masked", "X FP32 [5]; M FP32 [5] optional", "Y FP32 [5]")
LENIENT = model("lenient", "M FP32 [5] optional", "Y FP32 [5]")
ALONE = model("alone", "M FP32 [5] optional", "Y FP32 [5]", batch=0)
LOOSE = model("loose", "M FP32 [-1, 5] optional", "Y FP32 [-1, 5]", batch=0)
WIDE = model("wide", "X FP64 [5]", "Y FP64 [5]")
ANY = model("any", "X FP32 [-1]", "Y FP32 [-1]")
THREE = model("three", "X FP32 [3]", "Y FP32 [3]")
SCALAR = model("scalar", "X FP32 [1] as []", "Y FP32 [1] as []")
STREAM = model("stream", "X FP32 [5]", "Y FP32 [5]")
STREAM.model_transaction_policy.decoupled = True
"""A model that may answer a request several times."""
LIMITED = model("limited", "X FP32 [5]", "Y FP32 [5]")
LIMITED.dynamic_batching.default_queue_policy.max_queue_size = 1
SEQUENCE = model("sequence", "X FP32 [5]", "Y FP32 [5]")
SEQUENCE.sequence_batching.SetInParent()
WHOLE = model("whole", "X FP32 [5]", "Y FP32 [5]", batch=0)
ROWS = model("rows", "X FP32 [-1, 5]", "Y FP32 [-1, 5]", batch=0)
FOUR = model("four", "X FP32 [4, 5]", "Y FP32 [4, 5]", batch=0)
MEAN = model("mean", "X FP32 [-1, 5]", "Y FP32 [5]", batch=0)
CENTRE = model("centre", "X FP32 [-1, 5]; M FP32 [5]", "Y FP32 [-1, 5]", batch=0)
ONE = model("one", "X FP32 [1, 5]", "Y FP32 [1, 5]", batch=0)
# An ONNX model that leaves its tensors to its graph: X FP32 [2] -> Y FP32 [2].
UNTOLD = ModelConfig(name="untold", backend="onnxruntime", max_batch_size=8)


def ensemble_of(runs: str, name: str = "inner") -> ModelConfig:
    """Return an ensemble of one step, which runs a model that takes and gives what ROW does."""
    config = ModelConfig(name=name, platform="ensemble", max_batch_size=8)
    config.input.add(name="IN", data_type=config_type(DataType.FP32), dims=[5])
    config.output.add(name="OUT", data_type=config_type(DataType.FP32), dims=[5])
    added = config.ensemble_scheduling.step.add(model_name=runs, model_version=-1)
    added.input_map["X"] = "IN"
    added.output_map["Y"] = "OUT"
    return config


INNER = ensemble_of("row")
QUEUED = ensemble_of("limited", "queued")
STREAMED = ensemble_of("stream", "streamed")
SEQUENCED = ensemble_of("sequence", "sequenced")

MODELS = (
    *(
        ROW,
        SMALL,
        SCORE,
        PAIR,
        MASKED,
        LENIENT,
        ALONE,
        LOOSE,
        WIDE,
        ANY,
        THREE,
        SCALAR,
        STREAM,
        LIMITED,
        SEQUENCE,
    ),
    *(WHOLE, ROWS, FOUR, MEAN, CENTRE, ONE, UNTOLD, INNER, QUEUED, STREAMED, SEQUENCED),
)


@dataclass(frozen=True)
class Request:
    """What a client sends: row r of each input is filled with r + 1."""

    rows: int = 2
    """Size of the batch; without one, the first dimension of matrices where it varies."""
    without: tuple[str, ...] = ()
    """Inputs that it leaves out."""
    outputs: tuple[str, ...] = ()
    """Outputs that it asks for; all, where it names none."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Of other dimensions that vary, by input; 5 where it is not here."""
    sequence: int = 0
    """Number of the sequence that it is the whole of; 0 for none."""
