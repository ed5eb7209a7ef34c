"""`spec.model`: which artifact is served, in which format, with which tensors."""

import re
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from inference_operator.api.base import ApiModel, Bool, DnsSubdomain, Int
from inference_operator.api.rules import Check, Rule, cel_string, text


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
    text(r"[^\s\v]+", "a name without spaces", "write the name that the model gives it"),
]
Sha256 = Annotated[
    str,
    Field(max_length=128),
    text(
        r"[0-9a-f]{64}",
        "64 hexadecimal digits in lower case",
        "write what `sha256sum FILE` prints, without a prefix",
    ),
]
_CLAIM_URI = r"pvc://[a-z0-9]([-a-z0-9.]*[a-z0-9])?/.*[^/].*"
_HTTPS_URI = r"https://[^/@\s\v]+/[^\s\v]+"
_NOT_ZERO = Rule(
    cel="self != 0",
    holds=lambda dim: dim != 0,
    found="0",
    expected="1 or more, or -1",
    remedy="write -1 for a dimension that varies",
)
Dim = Annotated[Int, Field(ge=-1, le=2**31 - 1), Check(_NOT_ZERO)]
Shape = Annotated[tuple[Dim, ...], Field(min_length=1, max_length=16)]


def _matches(regex: str, value: str) -> bool:
    return re.fullmatch(regex, value, re.ASCII) is not None


class SecretRef(ApiModel):
    """A Secret of the same namespace."""

    name: DnsSubdomain
    """Name of the Secret."""


class Source(ApiModel):
    """Where the artifact comes from."""

    rules: ClassVar = (
        Rule(
            cel="self.uri.startsWith('https://') || self.uri.startsWith('pvc://')",
            holds=lambda self: self.scheme in ("https", "pvc"),
            found='"{uri}"',
            expected="https://HOST/PATH or pvc://CLAIM/PATH",
            remedy="put the artifact behind https or on a volume claim",
            field="uri",
        ),
        Rule(
            cel="!self.uri.startsWith('pvc://')"
            f" || self.uri.matches({cel_string(f'^{_CLAIM_URI}$')})",
            holds=lambda self: self.scheme != "pvc" or _matches(_CLAIM_URI, self.uri),
            found='"{uri}"',
            expected="pvc://CLAIM/PATH with the name of a PersistentVolumeClaim of this namespace"
            " and a file or folder in it",
            remedy="name both",
            field="uri",
        ),
        Rule(
            cel="!self.uri.startsWith('https://')"
            f" || self.uri.matches({cel_string(f'^{_HTTPS_URI}$')})",
            holds=lambda self: self.scheme != "https" or _matches(_HTTPS_URI, self.uri),
            found="a space, a user name, a password, or no path",
            expected="https://HOST/PATH",
            remedy="put credentials into the Secret that secretRef names",
            field="uri",
        ),
        Rule(
            cel="!self.uri.contains('/../') && !self.uri.endsWith('/..')",
            holds=lambda self: "/../" not in self.uri and not self.uri.endswith("/.."),
            found="'..' as a path element",
            expected="a path that stays below its root",
            remedy="write the path without '..'",
            field="uri",
        ),
        Rule(
            cel="!self.uri.startsWith('pvc://') || !has(self.secretRef)",
            holds=lambda self: self.scheme != "pvc" or not self.has("secret_ref"),
            found="a Secret for a pvc:// source",
            expected="none, since a volume claim needs no credentials",
            remedy="remove secretRef",
            field="secretRef",
        ),
    )

    uri: Annotated[str, Field(max_length=2048)]
    """The artifact: `https://host/path/model.onnx` or `pvc://claim/path/model.onnx`. A folder on a
    claim, or a `.tar.gz` behind https, is laid out whole and must hold the format's main file
    (`model.pt`, `model.onnx`, `model.plan` or `model.py`)."""

    sha256: Sha256 | None = None
    """SHA-256 of the file at `uri`, 64 hexadecimal digits. With it a pod that would serve anything
    else never starts; without it the artifact is not pinned. For a folder: the digest that
    `inference-operator digest` prints."""

    secret_ref: SecretRef | None = None
    """Credentials for https: a Secret with `token` (sent as a bearer token), or `username` and
    `password` (basic authentication), and optionally `ca.crt` (PEM, trusted beside the
    system's)."""

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
    """Name of the tensor, unique among the inputs or outputs. For TorchScript: the name of a
    forward argument, or `NAME__INDEX`."""

    data_type: DataType
    """Element type, in Triton's terms: FP32, INT64, STRING, ..."""

    shape: Shape
    """Dimensions, -1 for a variable one. With `maxBatchSize` >= 1 the batch dimension is left
    out."""

    reshape: Annotated[tuple[Dim, ...], Field(max_length=16)] | None = None
    """The shape that the model itself wants, where it differs from `shape` with the same number of
    elements; `[]` for a scalar."""


class InputTensor(Tensor):
    """One input of the model."""

    optional: Bool = False
    """Whether a request may leave this input out."""

    allow_ragged_batch: Bool = False
    """Whether requests with different shapes may share a batch (the backend must support it)."""


_DESCRIBE_THEMSELVES = (ModelFormat.ONNX, ModelFormat.TENSORRT)


def _unique_names(field: str) -> Rule:
    # A list-map would refuse doubles too, but merges items of several writers in an order that
    # nobody wrote, and the order of TorchScript's tensors means something.
    tensors = f"self.{field}"
    return Rule(
        cel=f"!has({tensors}) || {tensors}.all(t, {tensors}.exists_one(u, u.name == t.name))",
        holds=lambda self: _unique([tensor.name for tensor in getattr(self, field) or ()]),
        found="one name twice",
        expected="each name once",
        remedy="rename or remove one of them",
        field=field,
    )


def _unique(names: list[str]) -> bool:
    return len(set(names)) == len(names)


class Model(ApiModel):
    """What is served."""

    rules: ClassVar = (
        _unique_names("inputs"),
        _unique_names("outputs"),
        Rule(
            cel="has(self.inputs) == has(self.outputs)",
            holds=lambda self: self.has("inputs") == self.has("outputs"),
            found="only one of inputs and outputs",
            expected="both, or neither",
            remedy="add the other one",
            field="inputs",
        ),
        Rule(
            cel="self.format in ['onnx', 'tensorrt'] || (has(self.inputs) && has(self.outputs))",
            holds=lambda self: self.format in _DESCRIBE_THEMSELVES or self.has("inputs", "outputs"),
            found="format {format} without inputs and outputs",
            expected="both, since the artifact does not say them",
            remedy="add model.inputs and model.outputs",
            field="format",
        ),
    )

    name: ModelName | None = None
    """Name under which Triton serves the model. Absent: the name of the InferenceModel."""

    source: Source
    """Where the artifact comes from."""

    format: ModelFormat
    """Format of the artifact: torchscript, onnx, tensorrt or python."""

    inputs: Annotated[tuple[InputTensor, ...], Field(min_length=1, max_length=64)] | None = None
    """Inputs of the model. May be left out, together with `outputs`, for ONNX and TensorRT: Triton
    then takes them from the graph."""

    outputs: Annotated[tuple[Tensor, ...], Field(min_length=1, max_length=64)] | None = None
    """Outputs of the model."""

    max_batch_size: Annotated[Int, Field(ge=0, le=65536)] = 0
    """Largest batch that one execution takes. 0: the model has no batch dimension, or handles it
    itself, and Triton does not batch."""
