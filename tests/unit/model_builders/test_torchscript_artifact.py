"""The problems of files that should be TorchScript, and of the arguments of their forward."""

import io
import pickle
import zipfile
from pathlib import Path

import pytest

from inference_operator.api.model import ModelFormat
from model_builders.artifact import check_artifact
from model_builders.config import parse_pbtxt


def archive(files: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for name, content in files.items():
            written.writestr(f"model/{name}", content)
    return buffer.getvalue()


def torchscript(arguments: str) -> bytes:
    code = f"class Prices(Module):\n  def forward(self: __torch__.Prices, {arguments}) -> Tensor:\n"
    return archive(
        {
            "data.pkl": b"\x80\x02c__torch__\nPrices\nq\x00)\x81.",
            "constants.pkl": pickle.dumps(()),
            "code/__torch__.py": code + "    return window\n",
        }
    )


def inputs(*names: str) -> str:
    return "".join(f'input {{ name: "{name}" data_type: TYPE_FP32 dims: 1 }}' for name in names)


TWO = torchscript("window: Tensor, mask: Tensor")
EXPORT = (
    "; export it with torch.jit.trace or torch.jit.script, and write it with"
    ' torch.jit.save(model, "model.pt")'
)
TORCH: dict[str, tuple[bytes, str, list[str]]] = {
    "arguments by name": (TWO, inputs("mask", "window"), []),
    "arguments by index": (TWO, inputs("WINDOW__0", "MASK__1"), []),
    "arguments by order": (TWO, inputs("WINDOW", "MASK"), []),
    "an argument with a default left out": (
        torchscript("window: Tensor, mask: Optional[Tensor]=None"),
        inputs("window"),
        [],
    ),
    "a dictionary of tensors": (
        torchscript("batch: Dict[str, Tensor]"),
        inputs("batch(window)", "batch(mask)"),
        [],
    ),
    "names of which only some are arguments": (
        TWO,
        inputs("mask", "WINDOW"),
        [
            'spec.model.inputs[WINDOW].name: found "WINDOW", expected an argument of the'
            " artifact's forward(window, mask), as mask is; name all inputs by argument:"
            " otherwise Triton ignores the names"
        ],
    ),
    "too few inputs": (
        TWO,
        inputs("window"),
        [
            "spec.model.inputs: found 1 (window), expected one for each argument of the artifact's"
            " forward(window, mask); add or remove inputs, or export the model again"
        ],
    ),
    "too many inputs": (
        torchscript("window: Tensor"),
        inputs("A__0", "B__1"),
        [
            "spec.model.inputs: found 2 (A__0, B__1), expected one for each argument of the"
            " artifact's forward(window); add or remove inputs, or export the model again"
        ],
    ),
    "a state_dict": (
        archive({"data.pkl": b"", "version": "3"}),
        "",
        [
            "model.pt: found a state_dict or pickled module of torch.save, expected a TorchScript"
            " archive" + EXPORT
        ],
    ),
    "an old pickle": (
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
        "",
        ["model.pt: found a pickle of torch.save, expected a TorchScript archive" + EXPORT],
    ),
    "an exported program": (
        archive({"models/model.json": "{}", "archive_format": "pt2"}),
        "",
        ["model.pt: found an archive of torch.export, expected a TorchScript archive" + EXPORT],
    ),
    "another archive": (
        archive({"readme.txt": "hello"}),
        "",
        [
            "model.pt: found a zip archive of something else, expected a TorchScript archive"
            + EXPORT
        ],
    ),
    "half an archive": (
        TWO[: len(TWO) // 2],
        "",
        [
            "model.pt: found a damaged zip archive, expected a TorchScript archive; the file is"
            " cut short: upload the artifact again"
        ],
    ),
    "an empty file": (
        b"",
        "",
        ["model.pt: found an empty file, expected a model; upload the artifact again"],
    ),
    "a Git LFS pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "",
        [
            "model.pt: found a Git LFS pointer, expected the model itself; fetch the real file"
            " (git lfs pull) before uploading it"
        ],
    ),
    "a login page": (
        b"<!DOCTYPE html><html>Sign in</html>",
        "",
        [
            "model.pt: found an HTML page, expected the model itself; check source.uri and"
            " secretRef: a login or error page was downloaded"
        ],
    ),
}


@pytest.mark.parametrize(("content", "config", "sentences"), TORCH.values(), ids=TORCH.keys())
def test_a_torchscript_artifact(
    content: bytes, config: str, sentences: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    problems = check_artifact(ModelFormat.TORCHSCRIPT, path, parse_pbtxt(config))
    assert [str(problem) for problem in problems] == sentences
