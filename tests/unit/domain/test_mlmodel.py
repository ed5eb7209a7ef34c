"""What an MLmodel file and a version's tags say, and how what is unusable is named."""

import json
import time
from typing import Any

import pytest
import yaml

from inference_operator.api.model import ModelFormat
from inference_operator.domain.mlmodel import (
    MLMODEL_BYTES,
    ModelUnusableError,
    facts,
    file_facts,
)
from inference_operator.domain.resolution import Facts, TensorFact
from tests.bombs import laughs, merges
from tests.planned import calls
from tests.unit.domain.test_bounded_yaml import LOAD_SECONDS

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
    read = facts(mlmodel({"onnx": {"data": "net.onnx"}, "python_function": {}}), {})
    assert read == Facts("net.onnx", ModelFormat.ONNX)


def test_the_signature_gives_tensors_in_their_order() -> None:
    sides = [tensor("b", "float32", [-1, 60, 5]), tensor("a", "int64", [-1])]
    read = facts(mlmodel(PYTORCH, sides, sides[:1]), {})
    assert read.inputs == (
        TensorFact("b", "float32", (-1, 60, 5)),
        TensorFact("a", "int64", (-1,)),
    )
    assert read.outputs == (TensorFact("b", "float32", (-1, 60, 5)),)


def test_a_tensor_without_a_name_has_an_empty_one() -> None:
    read = facts(mlmodel(PYTORCH, [tensor(None, "float32", [-1])], []), {})
    assert read.inputs == (TensorFact("", "float32", (-1,)),)


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
    read = facts(mlmodel(PYTORCH), {f"{GROUP}/artifact": "data/small.pth"})
    assert (read.path, read.format) == ("data/small.pth", ModelFormat.TORCHSCRIPT)


@pytest.mark.parametrize(
    ("text", "tags", "expected"),
    [
        (": no\n\tyaml", {}, "its MLmodel file: cannot be read as YAML: while parsing"),
        ("- a list", {}, "its MLmodel file does not have a map of flavors"),
        ("flavors: [onnx]", {}, "its MLmodel file does not have a map of flavors"),
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
            "is 'keras', expected one of torchscript, onnx, tensorrt, python, custom",
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
def test_what_is_unusable_is_named(text: str, tags: dict[str, str], expected: str) -> None:
    with pytest.raises(ModelUnusableError) as caught:
        facts(text, tags)
    assert expected in str(caught.value)


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


def refused(text: str, tags: dict[str, str] | None = None) -> str:
    with pytest.raises(ModelUnusableError) as caught:
        facts(text, tags or {})
    assert len(str(caught.value)) < 1500
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (laughs(9), "its MLmodel file, line 1: found the anchor &a0, expected YAML without"),
        (merges(9), "its MLmodel file, line 1: found the anchor &a0, expected YAML without"),
        ("flavors: {<<: {onnx: {}}}", "its MLmodel file, line 1: found the merge key <<, expected"),
        ("[" * 1000, "its MLmodel file, line 1: found more than 32 levels of nesting, expected"),
        ("a: 0x" + "f" * 60_000, "line 1: found a number or date of 60,002 characters, expected"),
        ("a: 1\n" * 900, "line 2: found the key a a second time, the first is on line 1"),
        ("- 1\n" * 10_000, "line 2000: found more than 2,000 keys and values, expected at most"),
        ("a: 1\n" * 760_000, "its MLmodel file has more than 65,536 bytes, expected at most"),
    ],
    ids=["laughs", "merges", "merge key", "levels", "number", "keys", "nodes", "3.8 MB"],
)
def test_a_bomb_is_refused_at_once(text: str, expected: str) -> None:
    started = time.process_time()
    assert expected in refused(text)
    assert time.process_time() - started < LOAD_SECONDS


def test_the_largest_file_takes_few_steps() -> None:
    flavors = "flavors: {pytorch: {model_data: data}}\n"
    text = flavors + "".join(f"k{n}: {{a: b}}\n" for n in range(490))
    text += "#" * (MLMODEL_BYTES - len(text))
    with calls() as made:
        assert facts(text, {}).path == "data/model.pth"
    # About 350,000; they grow with the size of the file, and do not depend on the machine.
    assert made.count < 700_000


def signed(inputs: object) -> str:
    return yaml.safe_dump({"flavors": PYTORCH, "signature": {"inputs": inputs}})


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("[" * 1000 + "]" * 1000, "found more than 32 levels of nesting, expected at most 32"),
        ("[" * 60_000, "found more than 32 levels of nesting, expected at most 32"),
        ("[" + "9" * 5000 + "]", "found a number of more than 64 digits, expected at most 64"),
        ("[NaN]", "found NaN, expected a number that JSON has"),
        ([tensor("a", "float32", [-2])], "shape: found -2, expected a number, or -1"),
        ([tensor("a", "float32", [1] * 17)], "expected a list of at most 16 dimensions"),
        ([tensor("a" * 241, "float32", [1])], "expected at most 240 characters"),
        ([tensor("a", "f" * 33, [1])], "expected the name of a type"),
        ('[{"type": "tensor", "tensor-spec": {"dtype": "f", "shape": [1e999]}}]', "found inf"),
    ],
)
def test_a_signature_that_is_no_plain_one_is_refused(inputs: object, expected: str) -> None:
    message = refused(signed(inputs))
    assert message.startswith("the inputs of its signature cannot be read (")
    assert expected in message


def test_a_signature_of_hundreds_of_tensors_is_read() -> None:
    many = [tensor(f"a_name_of_a_tensor_{number}", "float32", [-1, 60, 5]) for number in range(400)]
    inputs = facts(mlmodel(PYTORCH, many), {}).inputs
    assert inputs is not None
    assert len(inputs) == 400


@pytest.mark.parametrize("path", ["../../etc", "/etc", "", "a\x07", "x" * 1025, 7, {"a": 1}])
def test_a_flavor_leads_to_a_file_in_its_folder(path: object) -> None:
    for flavor, field in (("pytorch", "model_data"), ("onnx", "data")):
        text = yaml.safe_dump({"flavors": {flavor: {field: path}}})
        assert f"flavors.{flavor}.{field} of its MLmodel file is " in refused(text)


def test_many_flavors_are_not_all_listed() -> None:
    text = yaml.safe_dump({"flavors": {f"f{number:03}{'x' * 300}": {} for number in range(100)}})
    message = refused(text)
    assert " and 90 more, expected pytorch or onnx" in message.replace("'", "")


def test_a_flavor_that_has_no_name_is_a_sentence() -> None:
    assert refused("flavors: {1: {}, onnx: {}}").startswith(
        "its MLmodel file does not have a map of"
    )


def test_a_signature_of_another_shape_has_no_tensors() -> None:
    assert facts(yaml.safe_dump({"flavors": PYTORCH, "signature": [1]}), {}).inputs is None
