"""Configurations of inputs and outputs."""

from tests.unit.model_builders.triton_config_table.row import (
    BARE_ONNX,
    GPU,
    ONNX,
    TENSORRT,
    TORCH,
    Accepted,
    Judge,
    Refused,
    tensor,
)

OUT = ' output { name: "Y" data_type: TYPE_FP32 dims: 2 }'
IN = 'input { name: "X" data_type: TYPE_FP32 dims: 2 }'
CUBE = {"inputs": [tensor("X", [1, 1, 2])]}
_TYPES = "onnxruntime_backend, ModelConfigDataTypeToOnnxDataType"
_TORCH_TYPES = "pytorch_backend, ModelConfigDataTypeToTorchType"

REFUSED: dict[str, Refused] = {
    "a reshape to more numbers": Refused(
        'input { name: "X" reshape { shape: [2, 3] } }',
        at="input[X].reshape",
        says="has different size for dims and reshape",
    ),
    "a reshape of an output to fewer numbers": Refused(
        'output { name: "Y" reshape { shape: 1 } }',
        at="output[Y].reshape",
        says="has different size for dims and reshape",
    ),
    "a reshape with a dimension of 0": Refused(
        'input { name: "X" reshape { shape: [2, 0] } }',
        at="input[X].reshape",
        says="reshape dimensions must be integer >= 1",
    ),
    "a reshape of a fixed size to a variable one": Refused(
        'input { name: "X" reshape { shape: -1 } }',
        at="input[X].reshape",
        says="has different size for dims and reshape",
    ),
    "a reshape that moves numbers across a variable dimension": Refused(
        'input { name: "X" reshape { shape: [3, -1, 2] } }',
        model={"inputs": [tensor("X", [2, -1, 3])]},
        at="input[X].reshape",
        says="has different size for dims and reshape",
    ),
    "a scalar without a batch": Refused(
        'input { name: "X" reshape { } }',
        model={"maxBatchSize": 0, "inputs": [tensor("X", [1])]},
        at="input[X].reshape",
        says="scalar tensors are not supported",
    ),
    "a reshape where only the overrides declare the tensor": Refused(
        'input { name: "X" data_type: TYPE_FP32 dims: 2 reshape { shape: 3 } }' + OUT,
        model=BARE_ONNX,
        at="input[X].reshape",
        says="has different size for dims and reshape",
    ),
    "an input twice": Refused(
        IN + IN + OUT,
        model=BARE_ONNX,
        at="input[X]",
        says="configuration expects 2 inputs, model provides 1",
    ),
    "an output twice, with other dims": Refused(
        IN + OUT + OUT.replace("dims: 2", "dims: 3"),
        model=BARE_ONNX,
        at="output[Y]",
        says="tensor 'Y': the model expects 2 dimensions",
    ),
    "an input without a name": Refused(
        "input { data_type: TYPE_FP32 dims: 2 }" + OUT,
        model=BARE_ONNX,
        at="input[0].name",
        says="must specify 'name'",
    ),
    "an output without a name": Refused(
        IN + " output { data_type: TYPE_FP32 dims: 2 }",
        model=BARE_ONNX,
        at="output[0].name",
        says="must specify 'name'",
    ),
    "an input without a type": Refused(
        'input { name: "X" dims: 2 }' + OUT,
        model=BARE_ONNX,
        at="input[X].data_type",
        says="must specify 'data_type'",
    ),
    "an output without a type": Refused(
        IN + ' output { name: "Y" dims: 2 }',
        model=BARE_ONNX,
        at="output[Y].data_type",
        says="must specify 'data_type'",
    ),
    "an input without dims": Refused(
        'input { name: "X" data_type: TYPE_FP32 }' + OUT,
        model=BARE_ONNX,
        at="input[X].dims",
        says="must specify 'dims'",
    ),
    "a dimension of 0": Refused(
        IN.replace("dims: 2", "dims: [2, 0]") + OUT,
        model=BARE_ONNX,
        at="input[X].dims",
        says="dimension must be integer >= 1",
    ),
    "a dimension of -2": Refused(
        IN + OUT.replace("dims: 2", "dims: -2"),
        model=BARE_ONNX,
        at="output[Y].dims",
        says="dimension must be integer >= 1",
    ),
    "the format of an image for one dimension": Refused(
        'input { name: "X" format: FORMAT_NHWC }',
        at="input[X].format",
        says="NHWC/NCHW require 3 dims",
    ),
    "the other format of an image for two dimensions": Refused(
        'input { name: "X" format: FORMAT_NCHW }',
        model={"inputs": [tensor("X", [1, 2])]},
        at="input[X].format",
        says="NHWC/NCHW require 3 dims",
    ),
    "a shape tensor of Python": Refused(
        'input { name: "X" is_shape_tensor: true }',
        at="input[X].is_shape_tensor",
        says="shape tensors are only supported for TensorRT",
    ),
    "a shape tensor as an output": Refused(
        'output { name: "Y" is_shape_tensor: true }',
        at="output[Y].is_shape_tensor",
        says="shape tensors are only supported for TensorRT",
    ),
    "a layout of TensorRT for Python": Refused(
        'input { name: "X" is_non_linear_format_io: true }',
        model=CUBE,
        at="input[X].is_non_linear_format_io",
        says="Non-linear IO format is only supported for the TensorRT platform",
    ),
    "a layout of TensorRT for two dimensions": Refused(
        'input { name: "X" is_non_linear_format_io: true }',
        model={**TENSORRT, "inputs": [tensor("X", [1, 2])]},
        top=GPU,
        at="input[X].is_non_linear_format_io",
        says="core, ValidateNonLinearFormatIO",
        judge=Judge.SOURCE,
    ),
    "bfloat16 in ONNX before 26.03": Refused(
        IN.replace("FP32", "BF16") + OUT,
        model=BARE_ONNX,
        triton={"image": "registry.example/tritonserver:26.01-py3"},
        at="input[X].data_type",
        says=_TYPES,
        judge=Judge.SOURCE,
    ),
    "bfloat16 as an output of ONNX where no image is named": Refused(
        IN + OUT.replace("FP32", "BF16"),
        model=BARE_ONNX,
        at="output[Y].data_type",
        says=_TYPES,
        judge=Judge.SOURCE,
    ),
    "a text of TensorRT": Refused(
        IN.replace("FP32", "STRING") + OUT,
        model={**TENSORRT, "inputs": None, "outputs": None},
        top=GPU,
        at="input[X].data_type",
        says="model_configuration.md, table Datatypes",
        judge=Judge.SOURCE,
    ),
    "an optional input of ONNX in batches": Refused(
        IN.replace("dims: 2", "dims: 2 optional: true") + OUT,
        model=BARE_ONNX,
        at="input[X].optional",
        says="onnxruntime_backend, ValidateInputs",
        judge=Judge.SOURCE,
    ),
    "bfloat16 as a state of TorchScript": Refused(
        'sequence_batching { state { input_name: "S__2" output_name: "T__1" data_type: TYPE_BF16'
        " dims: 2 } }",
        model=TORCH,
        at="sequence_batching.state[0].data_type",
        says=_TORCH_TYPES,
        judge=Judge.SOURCE,
    ),
}

ACCEPTED: dict[str, Accepted] = {
    "a reshape to the same numbers": Accepted(
        'input { name: "X" reshape { shape: [2, 1] } }', model={"outputs": [tensor("Y", [2, 1])]}
    ),
    "a reshape that keeps the pieces between variable dimensions": Accepted(
        'input { name: "X" reshape { shape: [4, -1, 1, 3] } }',
        model={"inputs": [tensor("X", [2, 2, -1, 3])], "outputs": [tensor("Y", [-1, -1, -1, -1])]},
        answers=False,
    ),
    "a scalar in a batch": Accepted(
        'input { name: "X" reshape { } } output { name: "Y" reshape { } }',
        model={"inputs": [tensor("X", [1])], "outputs": [tensor("Y", [1])]},
        answers=False,
    ),
    "the format of an image for three dimensions": Accepted(
        'input { name: "X" format: FORMAT_NCHW }',
        model={"inputs": [tensor("X", [1, 1, 2])], "outputs": [tensor("Y", [-1, -1, -1])]},
        answers=False,
    ),
    "tensors that only the overrides declare": Accepted(IN + OUT, model=BARE_ONNX),
    "an output twice, the same": Accepted(IN + OUT + OUT, model=BARE_ONNX),
    "an input that the overrides make optional": Accepted(
        'input { name: "X" optional: true }',
        model={"inputs": [tensor("X", [2]), tensor("A", [2], optional=True)]},
    ),
    "bfloat16 in ONNX from 26.03 on": Accepted(
        IN.replace("FP32", "BF16") + OUT,
        model=BARE_ONNX,
        triton={"image": "registry.example/tritonserver:26.11-py3"},
        judge=Judge.SOURCE,
    ),
    "a layout of TensorRT for three dimensions": Accepted(
        'input { name: "X" is_non_linear_format_io: true }',
        model={**TENSORRT, **CUBE},
        top=GPU,
        judge=Judge.SOURCE,
    ),
    "an optional input of ONNX without batches": Accepted(
        IN.replace("dims: 2", "dims: 2 optional: true") + OUT,
        model={**BARE_ONNX, "maxBatchSize": 0},
        judge=Judge.SOURCE,
    ),
    "a tensor of TensorRT without its type and dims": Accepted(
        'input { name: "X" }' + OUT,
        model={**TENSORRT, "inputs": None, "outputs": None},
        top=GPU,
        judge=Judge.SOURCE,
    ),
    "tags of metrics beside tensors of ONNX": Accepted(
        'metric_tags { key: "team" value: "trading" }',
        model={**ONNX, "inputs": [tensor("X", [2])], "outputs": [tensor("Y", [2])]},
    ),
}
