"""Format custom: its configuration, what overrides may say, and the checks of its files."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import ModelFormat
from model_builders.artifact import check_artifact
from model_builders.checks import check
from model_builders.config import config_pbtxt, model_config, parse_pbtxt

ONE = [{"name": "input__0", "dataType": "FP32", "shape": [32]}]
OUT = [{"name": "output__0", "dataType": "FP32", "shape": [1]}]


def spec(backend: str = "fil", triton: dict[str, Any] | None = None, **model: Any) -> Any:
    source = {"uri": "pvc://models/fraud/xgboost.json"}
    body = {"source": source, "format": "custom", "backend": backend, **model}
    return InferenceModelSpec.model_validate({"model": body, "triton": triton or {}})


def overridden(text: str, backend: str = "fil") -> Any:
    return spec(backend, {"configOverrides": text})


def problems(of: InferenceModelSpec) -> list[str]:
    return [str(problem) for problem in check(of)]


def test_the_backend_is_rendered_with_what_the_spec_declares() -> None:
    of = spec(maxBatchSize=8192, inputs=ONE, outputs=OUT, triton={"parameters": {"threshold": "1"}})
    assert problems(of) == []
    text = config_pbtxt(model_config(of, name="fraud", accelerated=True))
    assert 'backend: "fil"' in text
    assert "max_batch_size: 8192" in text
    assert 'name: "input__0"' in text


def test_a_model_that_describes_itself_needs_a_backend_only() -> None:
    of = spec("vllm", {"instanceGroups": [{"kind": "Model"}]})
    assert problems(of) == []
    config = model_config(of, name="chat", accelerated=True)
    assert (config.backend, list(config.input), len(config.instance_group)) == ("vllm", [], 1)


@pytest.mark.parametrize(
    ("backend", "platform", "rendered"),
    [
        ("fil", "fil_forest", ("fil", "fil_forest")),
        ("pytorch", "pytorch_aoti", ("pytorch", "pytorch_aoti")),
        # Triton reads the backend from the platforms that it knows.
        ("tensorflow", "tensorflow_savedmodel", ("", "tensorflow_savedmodel")),
    ],
)
def test_any_platform_may_stand_beside_a_backend(
    backend: str, platform: str, rendered: tuple[str, str]
) -> None:
    of = overridden(f'platform: "{platform}"', backend)
    assert problems(of) == []
    config = model_config(of, name="fraud", accelerated=True)
    assert (config.backend, config.platform) == rendered


def test_a_backend_that_triton_knows_has_no_platform_of_another_one() -> None:
    (problem,) = problems(overridden('platform: "pytorch_libtorch"', "onnxruntime"))
    assert 'platform: found "pytorch_libtorch", expected "onnxruntime_onnx"' in problem


def test_the_rules_are_those_of_the_backend() -> None:
    """A TensorRT plan may have profiles whatever format names its backend."""
    profile = 'instance_group { kind: KIND_GPU profile: "1" }'
    assert not any("profile" in text for text in problems(overridden(profile, "tensorrt")))
    assert any("profile" in text for text in problems(overridden(profile, "fil")))


REFUSED = {
    'backend: "dali"': 'backend: found "dali", expected "fil" as in model.backend',
    'platform: "ensemble"': 'platform: found "ensemble", expected no platform as in model.backend',
    'input { name: "x" data_type: TYPE_FP32 dims: 0 }': "input[x].dims: found [0], expected one or",
    'parameters { key: "EXECUTION_ENV_PATH" value { string_value: "../e" } }': "found",
    'runtime: "../fx/1/libtriton_fil.so"': "runtime: found",
    'default_model_filename: "../fx/1/xgboost.json"': "default_model_filename: found",
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.items(), ids=REFUSED.keys())
def test_the_walls_of_other_formats_stand(text: str, sentence: str) -> None:
    (problem,) = problems(overridden(text))
    assert problem.startswith("spec.triton.")
    assert sentence in problem


@pytest.mark.parametrize("model_format", ["tensorrt", "python", "custom"])
def test_triton_completes_single_fields_of_tensors(model_format: str) -> None:
    model = {"backend": "dali"} if model_format == "custom" else {"backend": None}
    body = {**spec().model.model_dump(by_alias=True, exclude_unset=True), "format": model_format}
    body |= model
    body = {key: value for key, value in body.items() if value is not None}
    text = 'input { name: "x" data_type: TYPE_FP32 } output { name: "y" dims: 1 }'
    of = InferenceModelSpec.model_validate(
        {"model": body, "accelerator": {}, "triton": {"configOverrides": text}}
    )
    assert problems(of) == []


def test_profiles_are_left_to_the_backend() -> None:
    assert problems(spec("tensorrt", {"instanceGroups": [{"profiles": ["largest"]}]})) == []


def checked(path: Path, config: str = "") -> list[str]:
    return [str(p) for p in check_artifact(ModelFormat.CUSTOM, path, parse_pbtxt(config))]


def test_only_the_backend_knows_its_files(tmp_path: Path) -> None:
    (tmp_path / "engines").mkdir()
    (tmp_path / "rank0.engine").write_bytes(b"ftrt")
    (tmp_path / ".tmp").write_bytes(b"")
    assert checked(tmp_path) == []
    assert checked(tmp_path, 'default_model_filename: "not-there.bin"') == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "found a Git LFS pointer"),
        (b"<!DOCTYPE html><title>Log in</title>", "found an HTML page"),
    ],
)
def test_what_is_surely_not_a_model_is_refused(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(content)
    for path in (tmp_path, tmp_path / "model.bin"):
        (problem,) = checked(path)
        assert problem.startswith(f"model.bin: {sentence}")
