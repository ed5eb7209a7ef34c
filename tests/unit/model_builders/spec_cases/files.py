"""Specs that name files: those that a pod has, and those that no pod has."""

from inference_operator.api.inference_model import InferenceModelSpec
from tests.unit.model_builders.specs import overrides, spec

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
        " spec.triton.warmup",
    ),
    "a Python environment that no pod has": (
        spec(triton={"parameters": {"EXECUTION_ENV_PATH": "$$TRITON_MODEL_DIRECTORY/e.tar.gz"}}),
        'spec.triton.parameters[EXECUTION_ENV_PATH]: found "$$TRITON_MODEL_DIRECTORY/e.tar.gz",'
        " expected a file of the artifact, whose folder is 1, or of the image; put it into the"
        " folder of the artifact, as $$TRITON_MODEL_DIRECTORY/1/FILE",
    ),
}
