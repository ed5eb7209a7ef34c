"""`spec.model`: which artifact is served, in which format, with which tensors."""

import re
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, DnsSubdomain, Rule


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


TensorName = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/]+$")]
Dim = Annotated[int, Field(ge=-1, le=2**31 - 1)]
Shape = Annotated[tuple[Dim, ...], Field(max_length=16)]


class SecretRef(ApiModel):
    """A Secret of the same namespace."""

    name: DnsSubdomain
    """Name of the Secret."""


class Source(ApiModel):
    """Where the artifact comes from."""

    rules: ClassVar = (
        Rule(
            "self.uri.startsWith('https://') || self.uri.startsWith('pvc://')",
            "uri must start with https:// or pvc://",
            "'uri: found \"' + self.uri + '\", expected https://HOST/PATH or pvc://CLAIM/PATH'",
            ".uri",
        ),
        Rule(
            "!self.uri.startsWith('pvc://') || self.uri.matches('^pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?/.+$')",
            "uri of a volume claim must be pvc://CLAIM/PATH, with CLAIM the name of a"
            " PersistentVolumeClaim of this namespace and PATH a file or folder in it",
            None,
            ".uri",
        ),
        Rule(
            "!self.uri.startsWith('https://') || self.uri.matches('^https://[^/@\\\\s]+/[^\\\\s]+$')",
            "uri of a download must be https://HOST/PATH, without a user name or password in it"
            " (use secretRef for credentials)",
            None,
            ".uri",
        ),
        Rule(
            "!self.uri.contains('/../') && !self.uri.endsWith('/..')",
            "uri must not contain '..' as a path element",
            None,
            ".uri",
        ),
        Rule(
            "!self.uri.startsWith('pvc://') || !has(self.secretRef)",
            "secretRef has no effect on a pvc:// source: remove it",
            None,
            ".secretRef",
        ),
    )

    uri: Annotated[str, Field(min_length=1, max_length=2048)]
    """The artifact: `https://host/path/model.onnx` or `pvc://claim/path/model.onnx`. A folder on a
    claim, or a `.tar.gz` behind https, is laid out whole and must hold the format's main file
    (`model.pt`, `model.onnx`, `model.plan` or `model.py`)."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", max_length=64)] | None = None
    """SHA-256 of the file at `uri`, 64 hexadecimal digits. With it a pod that would serve anything
    else never starts; without it the artifact is not pinned. For a folder: the digest that
    `inference-operator digest` prints."""

    secret_ref: SecretRef | None = None
    """Credentials for https: a Secret with `token` (sent as a bearer token), or `username` and
    `password` (basic authentication), and optionally `ca.crt` (PEM; trusted beside the system's)."""

    @property
    def scheme(self) -> str:
        return self.uri.partition("://")[0]

    @property
    def claim(self) -> str | None:
        """Name of the volume claim of a pvc:// source, else None."""
        return self._pvc_parts()[0]

    @property
    def claim_path(self) -> str | None:
        """Path within the claim of a pvc:// source, without a leading slash, else None."""
        return self._pvc_parts()[1]

    def _pvc_parts(self) -> tuple[str | None, str | None]:
        found = re.fullmatch(r"pvc://([^/]+)/(.+)", self.uri)
        return (found.group(1), found.group(2)) if found else (None, None)


class Tensor(ApiModel):
    """One output of the model."""

    name: TensorName
    """Name of the tensor, unique among the inputs or outputs. For TorchScript: the name of a forward
    argument, or `NAME__INDEX`."""

    data_type: DataType
    """Element type, in Triton's terms: FP32, INT64, STRING, ..."""

    shape: Shape
    """Dimensions, -1 for a variable one. With `maxBatchSize` >= 1 the batch dimension is left out."""

    reshape: Shape | None = None
    """The shape that the model itself wants, where it differs from `shape` with the same number of
    elements."""


class InputTensor(Tensor):
    """One input of the model."""

    optional: bool = False
    """Whether a request may leave this input out."""

    allow_ragged_batch: bool = False
    """Whether requests with different shapes may share a batch (the backend must support it)."""


class Model(ApiModel):
    """What is served."""

    rules: ClassVar = (
        Rule(
            "!has(self.inputs) || self.inputs.all(t, self.inputs.exists_one(u, u.name == t.name))",
            "names of inputs must be unique",
            None,
            ".inputs",
        ),
        Rule(
            "!has(self.format) || self.format == 'onnx' || self.format == 'tensorrt'"
            " || (has(self.inputs) && has(self.outputs))",
            "inputs and outputs are required for torchscript and python models: their artifacts do"
            " not say them",
            None,
            ".format",
        ),
    )

    name: Annotated[str, Field(max_length=63, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = (
        None
    )
    """Name of the model in Triton, which clients ask for. Absent: the name of this resource."""

    source: Source
    """Where the artifact comes from."""

    format: ModelFormat
    """Format of the artifact: torchscript, onnx, tensorrt or python."""

    inputs: Annotated[tuple[InputTensor, ...], Field(min_length=1, max_length=64)] | None = None
    """Inputs of the model. May be left out, together with `outputs`, for ONNX and TensorRT: Triton
    then takes them from the graph."""

    outputs: Annotated[tuple[Tensor, ...], Field(min_length=1, max_length=64)] | None = None
    """Outputs of the model."""

    max_batch_size: Annotated[int, Field(ge=0, le=65536)] = 0
    """Largest batch that one execution takes. 0: the model has no batch dimension, or handles it
    itself, and Triton does not batch."""
