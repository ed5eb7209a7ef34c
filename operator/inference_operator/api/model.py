"""`spec.model`: which artifact is served, in which format, with which tensors."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, Bool, Int, Quantity, parse_quantity
from inference_operator.api.quoting import quoted
from inference_operator.api.rules import CONTROLS, Check, Computed, Rule, text
from inference_operator.api.source import FROM_REGISTRY, Source


class ModelFormat(StrEnum):
    """How the artifact is stored, which decides Triton's backend and the file's name."""

    TORCHSCRIPT = "torchscript"
    ONNX = "onnx"
    TENSORRT = "tensorrt"
    PYTHON = "python"


class DataType(StrEnum):
    """Triton's tensor element types, without the `TYPE_` of config.pbtxt."""

    BOOL = "BOOL"
    UINT8 = "UINT8"
    UINT16 = "UINT16"
    UINT32 = "UINT32"
    UINT64 = "UINT64"
    INT8 = "INT8"
    INT16 = "INT16"
    INT32 = "INT32"
    INT64 = "INT64"
    FP16 = "FP16"
    FP32 = "FP32"
    FP64 = "FP64"
    BF16 = "BF16"
    STRING = "STRING"


ModelName = Annotated[
    str,
    # `<name>.config.pbtxt` is a key of a ConfigMap, which takes 253 characters.
    Field(max_length=240),
    text(
        r"[A-Za-z0-9][A-Za-z0-9_.-]*",
        "letters, digits, '_', '-' and '.', starting with a letter or digit",
        "rename the model",
    ),
]
TensorName = Annotated[
    str,
    Field(max_length=253),
    text(
        rf"[^\s{CONTROLS}]+",
        "a name without spaces and control characters",
        "write the name that the model gives it",
    ),
]
_NOT_ZERO = Rule(
    cel="self != 0",
    holds=lambda dim: dim != 0,
    value="0",
    requirement="1 or more, or -1",
    remedy="write -1 for a dimension that varies",
)
Dim = Annotated[Int, Field(ge=-1, le=2**31 - 1), Check(_NOT_ZERO)]
Shape = Annotated[tuple[Dim, ...], Field(min_length=1, max_length=16)]
Reshape = Annotated[tuple[Dim, ...], Field(max_length=16)]
_SIZE = "!isQuantity(string(self)) || quantity(string(self)).compareTo(quantity('{}')) {} 0"
SizeLimit = Annotated[
    Quantity,
    Check(
        Rule(
            cel=f"({_SIZE.format('1Mi', '>=')}) && ({_SIZE.format('64Ti', '<=')})",
            holds=lambda size: 2**20 <= parse_quantity(size) <= 2**46,
            value='"{self}"',
            requirement="a number of bytes from 1Mi to 64Ti",
            remedy="write how much the largest version of the model takes, with some room",
        )
    ),
]


class Tensor(ApiModel):
    """One output of the model."""

    name: TensorName
    """Name of the tensor, unique among the inputs or outputs. For TorchScript: the name of a
    forward argument, or `NAME__INDEX`."""

    data_type: DataType
    """Element type, in Triton's terms: FP32, INT64, STRING, ..."""

    shape: Shape
    """Dimensions, -1 for a variable one. With `maxBatchSize` >= 1 the batch dimension is left
    out."""

    reshape: Reshape | None = None
    """The shape that the model itself wants, where it differs from `shape` with the same number of
    elements; `[]` for a scalar."""


class InputTensor(Tensor):
    """One input of the model."""

    optional: Bool = False
    """Whether a request may leave this input out."""

    allow_ragged_batch: Bool = False
    """Whether requests with different shapes may share a batch (the backend must support it)."""


# What Triton reads tensors from by itself.
DESCRIBE_THEMSELVES = (ModelFormat.ONNX, ModelFormat.TENSORRT)


def unique_names(field: str) -> Rule:
    """The rule that no two tensors of a list have one name."""
    # A list-map would refuse doubles too, but merges items of several writers in an order that
    # nobody wrote, and the order of TorchScript's tensors means something.
    tensors = f"self.{field}"
    return Rule(
        cel=f"!has({tensors}) || {tensors}.all(t, {tensors}.exists_one(u, u.name == t.name))",
        holds=lambda self: not _repeated(self, field),
        value="{one name} twice",
        requirement="each name once",
        remedy="rename or remove one of them",
        field=field,
        computed=(
            Computed(
                "one name",
                f"'name \"%s\"'.format([{tensors}.filter(t,"
                f" !{tensors}.exists_one(u, u.name == t.name))[0].name])",
                lambda self: f"name {quoted(_repeated(self, field)[0], most=253)}",
            ),
        ),
    )


def _repeated(model: ApiModel, field: str) -> list[str]:
    names = [tensor.name for tensor in getattr(model, field) or ()]
    return [name for name in names if names.count(name) > 1]


class Model(ApiModel):
    """What is served."""

    rules: ClassVar = (
        unique_names("inputs"),
        unique_names("outputs"),
        Rule(
            cel="has(self.inputs) == has(self.outputs)",
            holds=lambda self: self.has("inputs") == self.has("outputs"),
            value="only one of inputs and outputs",
            requirement="both, or neither",
            remedy="add the other one",
            field="inputs",
        ),
        Rule(
            cel=f"has(self.format) || {FROM_REGISTRY.format('self.source.uri')}",
            holds=lambda self: self.has("format") or self.source.from_registry,
            value="nothing",
            requirement="torchscript, onnx, tensorrt or python, which only a registry knows by"
            " itself",
            remedy="add the artifact's format",
            field="format",
        ),
        Rule(
            cel="!has(self.format) || self.format in ['onnx', 'tensorrt']"
            f" || {FROM_REGISTRY.format('self.source.uri')}"
            " || (has(self.inputs) && has(self.outputs))",
            holds=lambda self: (
                self.format is None
                or self.format in DESCRIBE_THEMSELVES
                or self.source.from_registry
                or self.has("inputs", "outputs")
            ),
            value="format {format} without inputs and outputs",
            requirement="both, since the artifact does not say them",
            remedy="add model.inputs and model.outputs",
            field="format",
        ),
    )

    name: ModelName | None = None
    """Name under which Triton serves the model. Absent: the name of the InferenceModel, or of the
    pipeline's step."""

    source: Source
    """Where the artifact comes from."""

    size_limit: SizeLimit | None = None
    """How many bytes the model may take on the node's disk: as a download, and once more after
    unpacking. The init container stops beyond it. The pod's volumes and its limit of
    `ephemeral-storage` follow it. Absent: 20Gi."""

    format: ModelFormat | None = None
    """Format of the artifact: torchscript, onnx, tensorrt or python. Required, but for `models:/`
    and `runs:/`: there the model's flavor says it."""

    inputs: Annotated[tuple[InputTensor, ...], Field(min_length=1, max_length=64)] | None = None
    """Inputs of the model. May be left out, together with `outputs`, for ONNX and TensorRT: Triton
    then takes them from the graph; and for `models:/` and `runs:/`, where the model's signature has
    them."""

    outputs: Annotated[tuple[Tensor, ...], Field(min_length=1, max_length=64)] | None = None
    """Outputs of the model."""

    max_batch_size: Annotated[Int, Field(ge=0, le=65536)] = 0
    """Largest batch that one execution takes. 0: the model has no batch dimension, or handles it
    itself, and Triton does not batch. Absent for `models:/`: what the version's tag
    `inference.aipx.io/max-batch-size` says."""

    @property
    def known_format(self) -> ModelFormat:
        """The format, which every model that is to be served has; LookupError before a registry
        said it."""
        if self.format is None:
            raise LookupError(f"the format of {self.source.uri} is not known yet")
        return self.format
