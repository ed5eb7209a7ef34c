"""What an MLmodel file and a version's tags say, and how what is unusable is named."""

import json
from typing import Any

import pytest
import yaml

from inference_operator.api.model import ModelFormat
from inference_operator.domain.mlmodel import ModelUnusableError, facts, file_facts
from inference_operator.domain.resolution import Facts, TensorFact

DIGEST = "0123456789abcdef" * 4
GROUP = "inference.aipx.io"
PYTORCH = {"pytorch": {"model_data": "data", "pytorch_version": "2.15.0"}}


def tensor(name: str | None, dtype: str, shape: list[int]) -> dict[str, Any]:
    named = {"name": name} if name is not None else {}
    return {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}, **named}


def mlmodel(flavors: object, inputs: object = None, outputs: object = None) -> str:
    signature = {
        side: json.dumps(value)
        for side, value in (("inputs", inputs), ("outputs", outputs))
        if value is not None
    }
    return yaml.safe_dump(
        {"flavors": flavors, "run_id": "0a1b", **({"signature": signature} if signature else {})}
    )


def test_a_torchscript_model_lies_where_mlflow_puts_it() -> None:
    assert facts(mlmodel(PYTORCH), {}) == Facts("data/model.pth", ModelFormat.TORCHSCRIPT)


def test_an_onnx_model_lies_where_its_flavor_says() -> None:
    found = facts(mlmodel({"onnx": {"data": "net.onnx"}, "python_function": {}}), {})
    assert found == Facts("net.onnx", ModelFormat.ONNX)


def test_the_signature_gives_tensors_in_their_order() -> None:
    sides = [tensor("b", "float32", [-1, 60, 5]), tensor("a", "int64", [-1])]
    found = facts(mlmodel(PYTORCH, sides, sides[:1]), {})
    assert found.inputs == (
        TensorFact("b", "float32", (-1, 60, 5)),
        TensorFact("a", "int64", (-1,)),
    )
    assert found.outputs == (TensorFact("b", "float32", (-1, 60, 5)),)


def test_a_tensor_without_a_name_has_an_empty_one() -> None:
    found = facts(mlmodel(PYTORCH, [tensor(None, "float32", [-1])], []), {})
    assert found.inputs == (TensorFact("", "float32", (-1,)),)


def test_a_signature_of_columns_has_no_tensors() -> None:
    columns = [{"type": "double", "name": "close", "required": True}]
    assert facts(mlmodel(PYTORCH, columns, columns), {}).inputs is None


def test_tags_win_over_the_flavor() -> None:
    tags = {
        f"{GROUP}/artifact": "extra/model.plan",
        f"{GROUP}/format": "tensorrt",
        f"{GROUP}/sha256": DIGEST,
        f"{GROUP}/max-batch-size": "32",
        "somebody/else": "ignored",
    }
    expected = Facts("extra/model.plan", ModelFormat.TENSORRT, DIGEST, 32)
    assert facts(mlmodel(PYTORCH), tags) == expected


def test_a_tagged_file_without_a_format_has_that_of_its_flavor() -> None:
    found = facts(mlmodel(PYTORCH), {f"{GROUP}/artifact": "data/small.pth"})
    assert (found.path, found.format) == ("data/small.pth", ModelFormat.TORCHSCRIPT)


@pytest.mark.parametrize(
    ("text", "tags", "said"),
    [
        (": no\n\tyaml", {}, "its MLmodel file is no YAML"),
        ("- a list", {}, "its MLmodel file has no map of flavors"),
        ("flavors: [onnx]", {}, "its MLmodel file has no map of flavors"),
        (
            mlmodel({"sklearn": {}, "python_function": {}}),
            {},
            "its flavors are python_function, sklearn, expected pytorch or onnx; log it with one"
            " of them, or name the file and its format in the tags",
        ),
        (
            mlmodel(PYTORCH),
            {f"{GROUP}/sha256": "sha256:00"},
            "its tag inference.aipx.io/sha256 is 'sha256:00', expected 64 lower-case hexadecimal"
            " digits; correct the tag",
        ),
        (
            mlmodel(PYTORCH),
            {f"{GROUP}/max-batch-size": "many"},
            "is 'many', expected a whole number from 0 to 65536",
        ),
        (
            mlmodel(PYTORCH),
            {f"{GROUP}/max-batch-size": "65537"},
            "is '65537', expected a whole number from 0 to 65536",
        ),
        (
            mlmodel(PYTORCH),
            {f"{GROUP}/format": "keras"},
            "is 'keras', expected one of torchscript, onnx, tensorrt, python",
        ),
        (
            mlmodel(PYTORCH),
            {f"{GROUP}/artifact": "../../etc/passwd"},
            "is '../../etc/passwd', expected the path of a file in its folder",
        ),
        (
            yaml.safe_dump({"flavors": PYTORCH, "signature": {"inputs": "[{'x'"}}),
            {},
            "the inputs of its signature cannot be read",
        ),
        (
            mlmodel(PYTORCH, [{"type": "tensor"}]),
            {},
            "the inputs of its signature cannot be read ('tensor-spec'); log it again with a"
            " signature of TensorSpec",
        ),
    ],
)
def test_what_is_unusable_is_named(text: str, tags: dict[str, str], said: str) -> None:
    with pytest.raises(ModelUnusableError) as caught:
        facts(text, tags)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        ("exports/fx.onnx", ModelFormat.ONNX),
        ("fx.pt", ModelFormat.TORCHSCRIPT),
        ("fx.pth", ModelFormat.TORCHSCRIPT),
        ("fx.plan", ModelFormat.TENSORRT),
        ("fx.tar.gz", None),
    ],
)
def test_a_single_file_has_the_format_of_its_suffix(path: str, format_: ModelFormat) -> None:
    assert file_facts(path, {}) == Facts(path, format_)
