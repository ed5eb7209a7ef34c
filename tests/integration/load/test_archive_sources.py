"""Archives and checked formats behind https."""

import io
import tarfile
import zipfile

import onnx
import pytest
from onnx import TensorProto, helper

from inference_operator.api.reasons import Reason

from .conftest import FaultyStore, Pod, code_of
from .faults import cuts_after

FILES = {"model.py": code_of(2000), "weights/table.bin": bytes(range(256)) * 400}
ONNX_CONFIG = """
name: "ranker"
backend: "onnxruntime"
input [{ name: "ohlcv" data_type: TYPE_FP32 dims: [60, 5] }]
output [{ name: "price" data_type: TYPE_FP32 dims: [60, 5] }]
"""


def packed(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in FILES.items():
                archive.writestr(f"ranker-v5/{name}", content)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:gz" if kind != "tar" else "w") as archive:
        for name, content in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tgz", "zip"])
def test_an_archive_is_laid_out_whole_even_after_a_cut(
    store: FaultyStore, pod: Pod, kind: str
) -> None:
    (store.folder / f"ranker.{kind}").write_bytes(packed(kind))
    store.faults = [cuts_after(300)]
    pod.plan(f"{store.url}/ranker.{kind}?version=5")
    pod.load()
    version = pod.output / "ranker" / "5"
    contents = {
        path.relative_to(version).as_posix(): path.read_bytes()
        for path in version.rglob("*")
        if path.is_file()
    }
    assert contents == FILES
    assert [path.name for path in pod.output.iterdir()] == ["ranker"]


def graph(input_name: str) -> bytes:
    shape = [60, 5]
    node = helper.make_node("Identity", [input_name], ["price"])
    made = helper.make_graph(
        [node],
        "ranker",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("price", TensorProto.FLOAT, shape)],
    )
    body: bytes = helper.make_model(made).SerializeToString()
    onnx.load_from_string(body)
    return body


def test_a_graph_that_fits_its_config_is_laid_out(store: FaultyStore, pod: Pod) -> None:
    (store.folder / "ranker.onnx").write_bytes(graph("ohlcv"))
    pod.plan(f"{store.url}/ranker.onnx", config=ONNX_CONFIG, kind="onnx")
    pod.load()
    assert (pod.output / "ranker/5/model.onnx").read_bytes() == graph("ohlcv")


def test_a_graph_with_other_tensors_is_refused(store: FaultyStore, pod: Pod) -> None:
    (store.folder / "ranker.onnx").write_bytes(graph("quotes"))
    pod.plan(f"{store.url}/ranker.onnx", config=ONNX_CONFIG, kind="onnx")
    reason, message = pod.refused()
    assert reason is Reason.TENSOR_MISMATCH
    assert "ohlcv" in message
    assert "quotes" in message
    assert list(pod.output.iterdir()) == []


def test_a_login_page_is_no_model(store: FaultyStore, pod: Pod) -> None:
    (store.folder / "ranker.onnx").write_bytes(b"<!doctype html><title>Log in</title>")
    pod.plan(f"{store.url}/ranker.onnx", config=ONNX_CONFIG, kind="onnx")
    reason, _ = pod.refused()
    assert reason is Reason.ARTIFACT_INVALID
