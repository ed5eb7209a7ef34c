"""Small models that would fill memory are refused or left unread; large honest ones are read."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from inference_operator.api.model import ModelFormat
from model_builders.artifact import check_artifact
from model_builders.config import parse_pbtxt
from model_builders.python_source import MAX_SOURCE, parse_source
from tests.memory import measure
from tests.unit.model_builders.onnx_graphs import BATCHED, graph

MIB = 1 << 20
MODEL = b"class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"


def problems_of(format: ModelFormat, path: Path, config: str = "") -> list[str]:
    return [str(problem) for problem in check_artifact(format, path, parse_pbtxt(config))]


SOURCES = {
    "numbers": b"a = [" + b"0," * (2 * MIB) + b"]\n",
    "as many lines as are parsed": b"a\n" * 49_980,
    "a long text": b"'" + b"a" * (20 * MIB) + b"'\n",
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())
def test_a_source_takes_little_memory(tmp_path: Path, source: bytes) -> None:
    (tmp_path / "model.py").write_bytes(source + MODEL)
    outcome = measure("check", "python", tmp_path)
    assert outcome.answer == ""
    assert outcome.growth < 100


@pytest.mark.parametrize(
    ("source", "is_read"),
    [
        (MODEL, True),
        (b"#" * (MAX_SOURCE - len(MODEL) - 1) + b"\n" + MODEL, True),
        (b"#" * MAX_SOURCE + b"\n" + MODEL, False),
        (b"a;" * 50_001, False),
        (b"a;" * 50_000, True),
        (b"(" * 150 + b")" * 150, True),
        (b"-" * 5000 + b"1", False),
        (b"a" + b".a" * 5000, False),
        # Codecs that make much of little, or take long; and those that are read.
        (b"# coding: utf-7\n+AF8ACgBfAAo-\n", False),
        (b"#!/bin/sh\r# coding: utf-7\r+AF8ACgBfAAo-\r", False),
        (b"# coding: punycode\n_-" + b"a" * 400_000, False),
        (b"# coding: cp1252\n", False),
        (b"# coding: rot13\n", False),
        ("# coding: latin-1\nname = 'é'\n".encode("latin-1"), True),
        (b"\xef\xbb\xbf# coding: utf-8\n", True),
        (b"# vim: set fileencoding=us-ascii :\n", True),
        # Python takes time quadratic in these.
        (b'f"' + b"x" * 800_000 + b"{a}" * 30_000 + b'"', False),
        (b'f"' + b"{a}" * 2_000 + b'"', True),
        (("a" + "\u0315" * 45_000 + "\u0321" * 45_000).encode(), False),
        (("a" + "\u0315" * 3).encode(), True),
        (b"# " + "─".encode() * 1_000, True),
        # Lines may have any ending.
        (b"#\r" * 50_001, False),
        (b"a = 1\rb = 2\r", True),
        (b"\f" * 1000 + b"a = 1 + \\\n2\n", True),
        (b"a = b'\\d'; 1if 1else 2\n", True),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_is_parsed(source: bytes, is_read: bool) -> None:
    assert (parse_source(source) is not None) == is_read


def test_a_long_name_of_an_encoding_is_shown_in_part(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(b"# coding: " + b"a" * 900_000 + b"\n" + MODEL)
    (problem,) = problems_of(ModelFormat.PYTHON, tmp_path)
    assert "line 1: unknown encoding: aaa" in problem
    assert len(problem) < 500


@pytest.mark.parametrize("source", [b"a = 1\0", b"a = '\xff'", "a = 1".encode("utf-16")])
def test_what_is_no_text_is_no_module(tmp_path: Path, source: bytes) -> None:
    (tmp_path / "model.py").write_bytes(source)
    (problem,) = problems_of(ModelFormat.PYTHON, tmp_path)
    assert "a Python module" in problem


UNREAD = b"#" * MAX_SOURCE + b"\n"


@pytest.mark.parametrize("source", [MODEL, b"from prices import *\n"])
def test_a_source_that_is_not_read_is_served(tmp_path: Path, source: bytes) -> None:
    # The name lies across two of the parts that are searched.
    for shift in (0, 10, 40):
        (tmp_path / "model.py").write_bytes(UNREAD[shift:] + source)
        assert problems_of(ModelFormat.PYTHON, tmp_path) == []


def test_a_source_that_is_not_read_must_name_the_class(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(UNREAD)
    assert problems_of(ModelFormat.PYTHON, tmp_path) == [
        "model.py: found no TritonPythonModel, expected a class TritonPythonModel; define class"
        " TritonPythonModel with execute(self, requests)"
    ]


def torchscript(
    code: bytes, pickled: bytes = b"", method: int = zipfile.ZIP_DEFLATED, root: str = "model"
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as written:
        written.writestr(f"{root}/data.pkl", pickled or b"\x80\x02c__torch__\nPrices\n)\x81.")
        written.writestr("model/constants.pkl", pickle.dumps(()))
        written.writestr("model/code/__torch__.py", code)
    return buffer.getvalue()


HEADER = b"class Prices(Module):\n  def forward(self, window: Tensor) -> Tensor:\n"
PICKLES = {
    "of one text": b"\x80\x02X\x00\x00\x00\x06" + bytes(96 * MIB),
    "of empty lists": b"\x80\x02" + b"]" * (50 * MIB),
}
TORCH: dict[str, Callable[[], bytes]] = {
    "a source of numbers": lambda: torchscript(b"a = [" + b"0," * (2 * MIB) + b"]\n" + HEADER),
    "a long source": lambda: torchscript(b"#" * (100 * MIB)),
} | {
    f"a pickle {name}": lambda pickled=pickled: torchscript(HEADER, pickled)  # type: ignore[misc]
    for name, pickled in PICKLES.items()
}


@pytest.mark.parametrize("make", TORCH.values(), ids=TORCH.keys())
def test_a_torchscript_archive_takes_little_memory(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    (tmp_path / "model.pt").write_bytes(make())
    outcome = measure("check", "torchscript", tmp_path)
    assert "unexpected" not in outcome.answer
    assert outcome.growth < 16


def test_a_torchscript_member_that_pytorch_cannot_inflate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(torchscript(HEADER, method=zipfile.ZIP_BZIP2))
    (problem,) = problems_of(ModelFormat.TORCHSCRIPT, tmp_path)
    assert problem.startswith(
        "model.pt: found data.pkl compressed with bzip2, expected stored or deflated members;"
    )


def test_an_encrypted_torchscript_member_is_refused(tmp_path: Path) -> None:
    body = bytearray(torchscript(HEADER))
    body[body.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "model.pt").write_bytes(bytes(body))
    assert "found data.pkl encrypted" in problems_of(ModelFormat.TORCHSCRIPT, tmp_path)[0]


def test_a_torchscript_archive_of_two_roots_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(torchscript(HEADER, root="other"))
    assert problems_of(ModelFormat.TORCHSCRIPT, tmp_path)[0].startswith(
        "model.pt: found a zip archive of something else, expected a TorchScript archive"
    )


def test_a_torchscript_archive_with_a_long_pickle_is_checked(tmp_path: Path) -> None:
    pickled = b"\x80\x02c__torch__\nPrices\n)\x81" + b"]" * MIB + b"."
    (tmp_path / "model.pt").write_bytes(torchscript(HEADER + b"    return window\n", pickled))
    inputs = "".join(f'input {{ name: "{n}" data_type: TYPE_FP32 dims: 1 }}' for n in "ab")
    assert problems_of(ModelFormat.TORCHSCRIPT, tmp_path, inputs)[0].startswith(
        "spec.model.inputs: found 2 (a, b), expected one for each argument"
    )


@pytest.mark.parametrize("name", ["window", "price"])
def test_a_name_in_an_onnx_file_that_is_no_text_is_said_so(tmp_path: Path, name: str) -> None:
    body = graph().SerializeToString().replace(name.encode(), b"\xff" * len(name))
    (tmp_path / "model.onnx").write_bytes(body)
    assert problems_of(ModelFormat.ONNX, tmp_path, BATCHED) == [
        "model.onnx: found an input or output whose name is not UTF-8, expected an ONNX model;"
        " upload the artifact again"
    ]
