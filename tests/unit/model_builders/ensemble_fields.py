"""Fields of config.pbtxt that an ensemble of WINDOW FP32 [60, 5] and PRICE FP32 [1] has, and that
only models have.

tests/integration/model_builders/test_ensembles_on_triton.py proves every word about Triton.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Foreign:
    text: str
    field: str
    triton: str | None
    """What Triton says as it refuses it; None where it loads the ensemble and passes over it."""


KEPT = (
    'metric_tags { key: "desk" value: "fx" }',
    "model_transaction_policy { decoupled: true }",
    "response_cache { enable: true }",
    "version_policy { latest { num_versions: 3 } }",
    "version_policy { all { } }",
)

FOREIGN = (
    Foreign(
        "instance_group { count: 2 kind: KIND_CPU }",
        "instance_group",
        "instance group should not be specified for ensemble",
    ),
    Foreign('backend: "python"', "backend", "must have platform type 'ensemble' and empty backend"),
    Foreign(
        "optimization { eager_batching: true }",
        "optimization",
        "optimization should not be specified for ensemble",
    ),
    Foreign(
        'model_warmup { name: "w" batch_size: 1 inputs { key: "window"'
        " value { data_type: TYPE_FP32 dims: [60, 5] zero_data: true } } }",
        "model_warmup",
        "model_warmup can not be specified for ensemble",
    ),
    Foreign(
        "version_policy { specific { versions: 9 } }",
        "version_policy.specific",
        "at least one version must be available",
    ),
    Foreign(
        "version_policy { latest { } }",
        "version_policy.latest",
        "at least one version must be available",
    ),
    Foreign(
        'input { name: "window" is_shape_tensor: true }',
        "input[window].is_shape_tensor",
        "shape tensors are only supported for TensorRT",
    ),
    Foreign(
        'output { name: "price" is_non_linear_format_io: true }',
        "output[price].is_non_linear_format_io",
        "Non-linear IO format is only supported for the TensorRT platform",
    ),
    Foreign(
        'output { name: "price" label_filename: "labels.txt" }',
        "output[price].label_filename",
        "failed to open text file",
    ),
    Foreign('default_model_filename: "prices.onnx"', "default_model_filename", None),
    Foreign('cc_model_filenames { key: "9.0" value: "hopper" }', "cc_model_filenames", None),
    Foreign('runtime: "python"', "runtime", None),
    Foreign('model_operations { op_library_filename: "op.so" }', "model_operations", None),
    Foreign(
        'batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32'
        ' source_input: "window" }',
        "batch_input",
        None,
    ),
    Foreign(
        'batch_output { target_name: "price" kind: BATCH_SCATTER_WITH_INPUT_SHAPE'
        ' source_input: "window" }',
        "batch_output",
        None,
    ),
)
