"""`spec.model`: the artifact, its format and its tensors."""

from collections import Counter
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, Bool, Int, Quantity, parse_quantity
from inference_operator.api.quoting import quoted
from inference_operator.api.rules import CONTROLS, Check, Computed, Rule, text
from inference_operator.api.source import FROM_REGISTRY, Source


class ModelFormat(StrEnum):
    """Format of the artifact, which decides Triton's backend and the file's name."""

    TORCHSCRIPT = "torchscript"
    ONNX = "onnx"
    TENSORRT = "tensorrt"
    PYTHON = "python"
    CUSTOM = "custom"


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
    # `<name>.config.pbtxt` is a key of a ConfigMap, which may have 253 characters.
    Field(max_length=240),
    text(
        r"[A-Za-z0-9][A-Za-z0-9_.-]*",
        "letters, digits, '_', '-' and '.', starting with a letter or digit",
        "rename the model",
    ),
]
BackendName = Annotated[
    str,
    Field(max_length=128),
    # The name of a folder and of a library of the image: never a path. Triton 2.51 hangs at a
    # space in the name of a Python-based backend.
    text(
        r"[A-Za-z0-9_][A-Za-z0-9_.-]*",
        "the name of a folder in the image's /opt/tritonserver/backends: letters, digits, '_',"
        " '-' and '.', starting with a letter, a digit or '_'",
        "write the name without a path, such as fil",
    ),
]
TensorName = Annotated[
    str,
    Field(max_length=253),
    text(
        # Triton and its clients take spaces: `Use Chip` is a column of a public model.
        rf"[^{CONTROLS}]+",
        "a name without control characters",
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
MAX_TENSORS = 512
"""Most inputs or outputs of a model. Public models of tables have more than 100."""
MAX_BATCH = 2**31 - 1
"""Largest batch of Triton, which holds it in 32 bits."""
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
            remedy="write the size of the largest version of the model, with some reserve",
        )
    ),
]


class Tensor(ApiModel):
    """One output of the model."""

    name: TensorName
    """Name of the tensor, unique among the inputs or outputs. TorchScript: the name of an argument
    of `forward`, or `NAME__INDEX`."""

    data_type: DataType
    """Element type, as Triton names it: FP32, INT64, STRING, ..."""

    shape: Shape
    """Dimensions; -1 for a variable one. If `maxBatchSize` is 1 or more, leave out the batch
    dimension. Example: `[3, 224, 224]`."""

    reshape: Reshape | None = None
    """Shape that the model itself expects, if it differs from `shape`. The number of elements must
    be the same; `[]` for a scalar."""


class InputTensor(Tensor):
    """One input of the model."""

    optional: Bool = False
    """Whether a request may leave this input out."""

    allow_ragged_batch: Bool = False
    """Whether requests with different shapes may share a batch. The backend must support it."""


DESCRIBE_THEMSELVES = (
    ModelFormat.ONNX,
    ModelFormat.TENSORRT,
    ModelFormat.PYTHON,
    ModelFormat.CUSTOM,
)
"""Formats whose artifacts or backends may declare their tensors to Triton, when it loads them."""


def unique_names(field: str) -> Rule:
    """Return the rule that each tensor of a list has another name."""
    # A list-map would refuse doubles too, but it merges items of several writers in an order of its
    # own, and the order of TorchScript's tensors means something. CEL's budget has no place for a
    # comparison of each two names in each step; an entry of a map that exists is an error of CEL.
    tensors = f"self.{field}"
    return Rule(
        cel=f"!has({tensors}) || {tensors}.transformMapEntry(i, t, {{t.name: i}}).size() >= 0",
        holds=lambda self: not _repeated(self, field),
        value=f"{{one name of {field}}} twice",
        requirement="each name once",
        remedy="rename or remove one of them",
        field=field,
        computed=(
            Computed(
                f"one name of {field}",
                f"'one name of {field}'",
                lambda self: f"name {quoted(_repeated(self, field)[0], most=253)}",
            ),
        ),
    )


def _repeated(model: ApiModel, field: str) -> list[str]:
    names = Counter(tensor.name for tensor in getattr(model, field) or ())
    return [name for name, count in names.items() if count > 1]


class Model(ApiModel):
    """The artifact, its format and its tensors."""

    rules: ClassVar = (
        unique_names("inputs"),
        unique_names("outputs"),
        Rule(
            cel="has(self.inputs) == has(self.outputs)",
            holds=lambda self: self.has("inputs") == self.has("outputs"),
            value="only one of inputs and outputs",
            requirement="both of inputs and outputs, or neither",
            remedy="add the other one",
            field="inputs",
        ),
        Rule(
            cel=f"has(self.format) || {FROM_REGISTRY.format('self.source.uri')}",
            holds=lambda self: self.has("format") or self.source.from_registry,
            value="nothing",
            requirement="torchscript, onnx, tensorrt, python or custom, since only a registry"
            " reports the format itself",
            remedy="add the artifact's format",
            field="format",
        ),
        Rule(
            cel="!has(self.format) || self.format != 'torchscript'"
            f" || {FROM_REGISTRY.format('self.source.uri')}"
            " || (has(self.inputs) && has(self.outputs))",
            holds=lambda self: (
                self.format is None
                or self.format in DESCRIBE_THEMSELVES
                or self.source.from_registry
                or self.has("inputs", "outputs")
            ),
            value="format {format} without inputs and outputs",
            requirement="inputs and outputs, since the artifact does not declare them",
            remedy="add model.inputs and model.outputs",
            field="format",
        ),
        Rule(
            cel="!has(self.format) || self.format != 'custom' || has(self.backend)",
            holds=lambda self: self.format != ModelFormat.CUSTOM or self.has("backend"),
            value="nothing",
            requirement="the name of a backend that the image has, since the format is custom",
            remedy="add model.backend, such as fil, dali, openvino or vllm",
            field="backend",
        ),
        Rule(
            cel="!has(self.backend) || !has(self.format) || self.format == 'custom'",
            holds=lambda self: not self.has("backend") or self.format in (None, ModelFormat.CUSTOM),
            value="a backend for format {format}",
            requirement="no backend, since the format decides it",
            remedy="remove it, or set format to custom",
            field="backend",
        ),
    )

    name: ModelName | None = None
    """Name of the model in Triton. Absent: the name of the InferenceModel, or of the pipeline's
    step."""

    source: Source
    """Location of the artifact."""

    size_limit: SizeLimit | None = None
    """Most bytes that the model may take on the node's disk: as a download, and once more after
    unpacking. The init container fails above it. The pod's volumes and its limit of
    `ephemeral-storage` follow from it. Absent: 20Gi."""

    format: ModelFormat | None = None
    """Format of the artifact: torchscript, onnx, tensorrt, python, or custom for any other backend
    of the image. Required, except for `models:/` and `runs:/`, where the model's flavor declares
    it."""

    backend: BackendName | None = None
    """Triton's backend for format custom: a folder of `/opt/tritonserver/backends` in
    `triton.image`, such as dali, fil, openvino, tensorrtllm or vllm. A folder or an archive becomes
    the version's folder as it is. A single file keeps its name, unless `default_model_filename` in
    `triton.configOverrides` gives it another one."""

    inputs: (
        Annotated[tuple[InputTensor, ...], Field(min_length=1, max_length=MAX_TENSORS)] | None
    ) = None
    """Inputs of the model. Both `inputs` and `outputs` may be left out if the artifact declares
    them. ONNX and TensorRT: Triton reads them from the graph. Python: `auto_complete_config` in
    `model.py` declares them. Custom: the backend does, if it can. `models:/` and `runs:/`: the
    model's signature has them, except for custom."""

    outputs: Annotated[tuple[Tensor, ...], Field(min_length=1, max_length=MAX_TENSORS)] | None = (
        None
    )
    """Outputs of the model."""

    max_batch_size: Annotated[Int, Field(ge=0, le=MAX_BATCH)] = 0
    """Largest batch that one execution takes. 0: Triton does not batch, because the model has no
    batch dimension or handles it itself. Absent, for `models:/`: the value of the version's tag
    `inference.aipx.io/max-batch-size`."""

    @property
    def known_format(self) -> ModelFormat:
        """The format, which every model has when it is served. Raises LookupError until a registry
        has reported it."""
        if self.format is None:
            raise LookupError(f"the format of {self.source.uri} is not known yet")
        return self.format
