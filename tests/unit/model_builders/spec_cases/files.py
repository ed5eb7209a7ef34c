"""Specs that name files: those that a pod has, and those that no pod has."""

from inference_operator.api.inference_model import InferenceModelSpec
from model_builders.file_names import PLAIN_NAME
from tests.unit.model_builders.specs import GPU, onnx, overrides, spec

SOUND: dict[str, InferenceModelSpec] = {
    "labels that the artifact brings": spec(
        triton=overrides('output { name: "PRICE__0" label_filename: "1/labels.txt" }')
    ),
    "a Python environment that the artifact brings": spec(
        triton={"parameters": {"EXECUTION_ENV_PATH": "$$TRITON_MODEL_DIRECTORY/1/env.tar.gz"}}
    ),
    "a Python environment of the image": spec(
        triton={"parameters": {"EXECUTION_ENV_PATH": "/opt/env.tar.gz"}}
    ),
    "a main file of another name": spec(triton=overrides('default_model_filename: "prices.pt"')),
    "operations of the image": spec(
        triton=overrides('model_operations { op_library_filename: "/opt/ops.so" }')
    ),
    "a parameter of the model's own that is a path": spec(
        triton={"parameters": {"VOCABULARY": "s3://words/en.txt"}}
    ),
}

BAD: dict[str, tuple[InferenceModelSpec, str]] = {
    "labels that no pod has": (
        spec(triton=overrides('output { name: "PRICE__0" label_filename: "labels.txt" }')),
        'spec.triton.configOverrides: output[PRICE__0].label_filename: found "labels.txt", expected'
        " a file of the artifact, whose folder is 1; put it into the folder of the artifact, as"
        ' "1/FILE", or remove it',
    ),
    "labels out of the artifact's folder": (
        spec(triton=overrides('output { name: "PRICE__0" label_filename: "1/../labels.txt" }')),
        "spec.triton.configOverrides: output[PRICE__0].label_filename: found"
        ' "1/../labels.txt", expected a file of the artifact, whose folder is 1; put it into the'
        ' folder of the artifact, as "1/FILE", or remove it',
    ),
    "warm-up data that no pod has": (
        spec(
            triton=overrides(
                'model_warmup { name: "day" batch_size: 1 inputs { key: "WINDOW__0" value {'
                ' data_type: TYPE_FP32 dims: [60, 5] input_data_file: "day.bin" } } }'
            )
        ),
        "spec.triton.configOverrides: model_warmup[day].inputs[WINDOW__0].input_data_file: found"
        ' "day.bin", expected zero_data or random_data: the pod has no folder warmup; use'
        " triton.warmup",
    ),
    "a Python environment that no pod has": (
        spec(triton={"parameters": {"EXECUTION_ENV_PATH": "$$TRITON_MODEL_DIRECTORY/e.tar.gz"}}),
        'spec.triton.parameters[EXECUTION_ENV_PATH]: found "$$TRITON_MODEL_DIRECTORY/e.tar.gz",'
        " expected a file of the artifact, whose folder is 1, or of the image; put it into the"
        " folder of the artifact, as $$TRITON_MODEL_DIRECTORY/1/FILE",
    ),
    "a main file of another model": (
        spec(triton=overrides('default_model_filename: "../../fx/1/model.pt"')),
        "spec.triton.configOverrides: default_model_filename: found"
        f' "../../fx/1/model.pt", expected {PLAIN_NAME}; name a file in the artifact\'s folder'
        " without the folder",
    ),
    "a main file for a GPU of another model": (
        spec(
            triton=overrides(
                'cc_model_filenames { key: "9.0" value: "../../fx/1/model.plan" }',
            )
        ),
        "spec.triton.configOverrides: cc_model_filenames[9.0]: found"
        f' "../../fx/1/model.plan", expected {PLAIN_NAME}; name a file in the artifact\'s folder'
        " without the folder",
    ),
    "a runtime that is a path": (
        spec(triton=overrides('runtime: "../libtriton_x.so"')),
        'spec.triton.configOverrides: runtime: found "../libtriton_x.so", expected'
        f" {PLAIN_NAME}; write the name, not a path",
    ),
    "operations by a relative path": (
        spec(triton=overrides('model_operations { op_library_filename: "ops.so" }')),
        "spec.triton.configOverrides: model_operations.op_library_filename[0]: found"
        ' "ops.so", expected an absolute path of the image, or of this model\'s own artifact in'
        " /models/NAME/1; add it to the image or to the artifact, as /models/NAME/1/FILE",
    ),
    "a batch strategy by a relative path": (
        spec(triton={"parameters": {"TRITON_BATCH_STRATEGY_PATH": "models/fx/strategy.so"}}),
        "spec.triton.parameters[TRITON_BATCH_STRATEGY_PATH]: found"
        ' "models/fx/strategy.so", expected an absolute path of the image, or of this model\'s'
        " own artifact in /models/NAME/1; add it to the image or to the artifact, as"
        " /models/NAME/1/FILE",
    ),
    "a first state in a file": (
        spec(
            triton=overrides(
                'sequence_batching { state { input_name: "IN__1" output_name: "OUT__1" dims: 1'
                ' data_type: TYPE_FP32 initial_state { name: "zero" data_type: TYPE_FP32 dims: 1'
                ' data_file: "zeros" } } }'
            )
        ),
        "spec.triton.configOverrides: sequence_batching.state[0].initial_state[zero].data_file:"
        ' found "zeros", expected zero_data: the pod has no folder initial_state; set zero_data:'
        " true, or let the model make its first state",
    ),
    "engines in the folder of another model": (
        spec(
            model_changes=onnx(),
            triton=overrides(
                "optimization { execution_accelerators { gpu_execution_accelerator {"
                ' name: "tensorrt" parameters { key: "trt_engine_cache_path"'
                ' value: "/models/../models/fx" } } } }'
            ),
            **GPU,
        ),
        "spec.triton.configOverrides: optimization.execution_accelerators"
        ".gpu_execution_accelerator[tensorrt].parameters[trt_engine_cache_path]: found"
        ' "/models/../models/fx", expected an absolute path of the image, or of this model\'s own'
        " artifact in /models/NAME/1; add it to the image or to the artifact, as"
        " /models/NAME/1/FILE",
    ),
    "an agent that is a path": (
        spec(triton=overrides('model_repository_agents { agents { name: "../x" } }')),
        'spec.triton.configOverrides: model_repository_agents.agents[../x].name: found "../x",'
        f" expected {PLAIN_NAME}; write the name, not a path",
    ),
    "a Python environment of another model": (
        spec(triton={"parameters": {"EXECUTION_ENV_PATH": "/models/fx/1/../env.tar.gz"}}),
        'spec.triton.parameters[EXECUTION_ENV_PATH]: found "/models/fx/1/../env.tar.gz",'
        " expected a file of the artifact, whose folder is 1, or of the image; put it into the"
        " folder of the artifact, as $$TRITON_MODEL_DIRECTORY/1/FILE",
    ),
}
