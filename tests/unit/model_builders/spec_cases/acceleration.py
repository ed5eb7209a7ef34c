"""Specs with instances and TensorRT that the format and the GPUs allow, and specs with others."""

from inference_operator.api.inference_model import InferenceModelSpec
from tests.unit.model_builders.specs import GPU, onnx, spec

SOUND: dict[str, InferenceModelSpec] = {
    "TensorRT for ONNX on a GPU": spec(
        model_changes=onnx(), triton={"optimization": {"tensorrt": {}}}, **GPU
    ),
}

BAD: dict[str, tuple[InferenceModelSpec, str]] = {
    "GPU indices without GPUs": (
        spec(triton={"instanceGroups": [{"kind": "Auto", "gpus": [0]}]}),
        "spec.triton.instanceGroups[0].gpus: found [0], expected no value, since the pod gets no"
        " GPU; add spec.accelerator (`accelerator: {}` asks for one nvidia.com/gpu), or remove"
        " gpus",
    ),
    "profiles without a plan": (
        spec(triton={"instanceGroups": [{"profiles": ["0"]}]}),
        "spec.triton.instanceGroups[0].profiles: found profiles for a torchscript model,"
        " expected no value, since only TensorRT plans have optimization profiles; remove it",
    ),
    "a profile that is no number": (
        spec(
            model_changes={"format": "tensorrt"},
            triton={"instanceGroups": [{"profiles": ["0", "large"]}]},
            **GPU,
        ),
        'spec.triton.instanceGroups[0].profiles[1]: found "large", expected the number of a'
        " profile, such as 0; write the profile's index in the plan",
    ),
    "a plan on the CPU": (
        spec(
            model_changes={"format": "tensorrt"},
            triton={"instanceGroups": [{"kind": "CPU"}]},
            **GPU,
        ),
        "spec.triton.instanceGroups[0].kind: found CPU for a tensorrt model, expected GPU or"
        " Auto: a TensorRT plan runs on a GPU only; change kind",
    ),
    "TensorRT with CPU instances": (
        spec(
            model_changes=onnx(),
            triton={"optimization": {"tensorrt": {}}, "instanceGroups": [{"kind": "CPU"}]},
            **GPU,
        ),
        "spec.triton.optimization.tensorrt: found TensorRT without an instance on a GPU,"
        " expected an instance group of kind GPU or Auto; change kind of an instance group, or"
        " remove it",
    ),
}
