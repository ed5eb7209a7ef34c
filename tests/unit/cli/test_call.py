"""`call`: inputs of files, the zeros of the probe, and the lines of an answer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference_operator.cli.call import served_model, zeros
from inference_operator.cli.call_http import CallError, HttpModel, output
from inference_operator.cli.cluster_access import AccessError
from inference_operator.cli.main import main
from inference_operator.cli.tensor_values import InputsError, Value, described, read_inputs
from inference_operator.domain.names import UnitKey
from inference_operator.probe.model_config import ProbedModel, read_model

KEY = UnitKey("InferenceModel", "desk", "fx")


def model(data_type: str = "FP32", dims: tuple[int, ...] = (2,), batch: int = 8) -> ProbedModel:
    tensor = {"name": "x", "data_type": f"TYPE_{data_type}", "dims": list(dims)}
    return read_model("fx", "1", {"max_batch_size": batch, "input": [tensor], "output": []})


def given(path: Path, content: object, suffix: str = ".json") -> Path:
    file = path / f"inputs{suffix}"
    file.write_text(json.dumps(content))
    return file


@pytest.mark.parametrize(
    ("data_type", "rows", "content"),
    [
        ("FP32", [[1, 2]], np.array([1, 2], "<f4").tobytes()),
        ("INT64", [[1, -2]], np.array([1, -2], "<i8").tobytes()),
        ("UINT8", [[1, 255]], b"\x01\xff"),
        ("BOOL", [[True, False]], b"\x01\x00"),
        ("FP16", [[1, 2]], np.array([1, 2], "<f2").tobytes()),
        ("BF16", [[1, -2]], b"\x80\x3f\x00\xc0"),
        ("STRING", [["a", "\u00e4"]], b"\x01\0\0\0a\x02\0\0\0\xc3\xa4"),
    ],
)
def test_json_becomes_tritons_binary_form_and_back(
    tmp_path: Path, data_type: str, rows: list[Any], content: bytes
) -> None:
    (value,) = read_inputs(given(tmp_path, {"x": rows}), model(data_type))

    assert (value.shape, value.content) == ((1, 2), content)
    shown = [f'"{v}"' if isinstance(v, str) else json.dumps(v) for v in rows[0]]
    assert described(value).endswith(f"[1, 2]: {' '.join(shown)}")


def test_an_npz_file_and_tritons_own_json_are_read_alike(tmp_path: Path) -> None:
    np.savez(tmp_path / "inputs.npz", x=np.array([[1.0, 2.0]]))
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}

    assert read_inputs(tmp_path / "inputs.npz", model()) == read_inputs(
        given(tmp_path, {"inputs": [tensor]}), model()
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"x": [1, 2]}, r"found shape \[2\], expected \[-1, 2\], with the batch first"),
        ({"y": [[1, 2]]}, 'found "y", expected inputs of the model: "x"'),
        ({}, 'found no "x", expected it'),
        ({"x": [["a", "b"]]}, "expected values of type FP32"),
        ({"x": [[1, 2], [3]]}, "expected values of type FP32"),
        ([1, 2], "expected a map of inputs"),
        ({"inputs": [{"name": "x"}]}, "cannot be read"),
        ({"x": [[[1j.imag, None]]]}, "expected values of type FP32"),
    ],
)
def test_inputs_that_do_not_fit_are_explained(
    tmp_path: Path, content: object, expected: str
) -> None:
    with pytest.raises(InputsError, match=expected):
        read_inputs(given(tmp_path, content), model())


@pytest.mark.parametrize("value", [1.5, 2**40, -1])
def test_a_number_that_the_type_does_not_hold_is_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(InputsError, match="expected values of type UINT8"):
        read_inputs(given(tmp_path, {"x": [[value, 1]]}), model("UINT8"))


def test_a_pickle_in_an_npz_file_is_not_run(tmp_path: Path) -> None:
    np.savez(tmp_path / "inputs.npz", x=np.array([{}], dtype=object))

    with pytest.raises(InputsError, match="cannot be read"):
        read_inputs(tmp_path / "inputs.npz", model())


@pytest.mark.parametrize(
    "values", [[[1 + 2j, 3]], np.array([["2026-12-01", "2026-12-02"]], "M8[D]")]
)
def test_values_that_are_not_numbers_are_refused(tmp_path: Path, values: Any) -> None:
    np.savez(tmp_path / "inputs.npz", x=np.array(values))
    with pytest.raises(InputsError, match="expected values of type FP32"):
        read_inputs(tmp_path / "inputs.npz", model())


def test_a_half_of_a_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputsError, match="expected values of type"):
        read_inputs(given(tmp_path, {"x": [["\ud800", "a"]]}), model("STRING"))


@pytest.mark.parametrize("shape", [[1] * 300, [-1], [2**63], [2**62] * 300])
def test_a_shape_that_no_tensor_has_is_refused(shape: list[int]) -> None:
    with pytest.raises(ValueError, match=r"dimensions|63 bits"):
        output("y", "FP32", shape, b"")


def test_zeros_are_those_of_the_probe() -> None:
    values, parameters = zeros(model("INT64", (-1, 3)))

    assert values == (Value("x", "INT64", (1, 1, 3), bytes(24)),)
    assert parameters == {}


def test_a_sequence_is_begun_and_ended() -> None:
    config = {
        "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [1]}],
        "sequence_batching": {"direct": {}},
    }
    _, parameters = zeros(read_model("fx", "1", config))

    assert (parameters["sequence_start"], parameters["sequence_end"]) == (True, True)


def test_of_many_values_the_first_are_shown() -> None:
    value = Value("y", "FP32", (3, 5), np.arange(15, dtype="<f4").tobytes())

    assert described(value) == "y FP32 [3, 5]: 0 1 2 3 4 5 6 7 and 7 more values"


@pytest.mark.parametrize("content", [b"", b"\0" * 5])
def test_bytes_that_are_not_those_of_the_shape_are_unreadable(content: bytes) -> None:
    assert "unreadable" in described(Value("y", "FP32", (2,), content))
    assert "unreadable" in described(Value("y", "BYTES", (2,), content))


def test_the_model_is_the_one_that_clients_call() -> None:
    stable = {"stable": {"revision": "a"}, "url": "http://fx", "model": {"version": "3"}}
    body = {"kind": KEY.kind, "spec": {"model": {"name": "fx_drift"}}, "status": stable}
    pipeline = UnitKey("EnsemblePipeline", "desk", "sum")

    assert served_model(KEY, body) == ("fx_drift", "3")
    of_pipeline = {"kind": pipeline.kind, "spec": {}, "status": stable}
    assert served_model(pipeline, of_pipeline) == ("sum", "3")


def test_without_a_serving_revision_nothing_is_called() -> None:
    body = {"kind": KEY.kind, "spec": {"model": {}}, "status": {"displayReason": "Progressing"}}
    with pytest.raises(AccessError, match=r"no revision answers clients yet \(Progressing\)"):
        served_model(KEY, body)


def test_no_answer_is_a_sentence() -> None:
    with pytest.raises(CallError, match="no answer over HTTP"):
        HttpModel(("127.0.0.1", 9), "fx", "1", 1.0).config()


@pytest.mark.parametrize("words", [("fx", "--timeout", "0"), ("fx", "--protocol", "soap"), ()])
def test_wrong_arguments_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["call", *words])
    assert end.value.code == 2
