"""Layout of a built-in step's version folder: `model.py`, its features and its vocabulary.

Part of the init container: the standard library only.
"""

import shutil
from pathlib import Path

from model_builders.features.vocabulary import word_ids

_OURS = Path(__file__).parent
_PACKAGES = _OURS.parent
_MODELS = {
    "weightedAverage": "weighted_average.py",
    "ohlcvFeatures": "ohlcv_features.py",
    "tokenizer": "tokenizer.py",
}
# Modules that `model.py` imports, under their names in this project.
_SHARED = ("__init__", "requests")
_PACKED = (
    "__init__.py",
    "features/*.py",
    "builtin/__init__.py",
    *(f"builtin/python/{name}.py" for name in _SHARED),
)
WORDS = "vocab.txt"
MOST_WORDS = 500_000
"""The most lines of a vocabulary. Each takes up to 180 bytes of memory: 90 MB in all."""

VOCABULARY = _OURS / "vocabulary" / WORDS
"""The words of uncased English BERT, one a line."""


def write_builtin(kind: str, version_folder: Path, vocabulary: Path | None = None) -> None:
    """Write all files of the step `kind` (`weightedAverage`, ...) into its version's folder.

    `vocabulary` is a tokenizer's own `vocab.txt`; None takes that of uncased English BERT. Raises
    FeatureError for a file that is not a vocabulary, UnicodeDecodeError for one that is not UTF-8.
    """
    version_folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_OURS / "python" / _MODELS[kind], version_folder / "model.py")
    package = version_folder / _PACKAGES.name
    for pattern in _PACKED:
        for file in sorted(_PACKAGES.glob(pattern)):
            place = package / file.relative_to(_PACKAGES)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    if kind == "tokenizer":
        shutil.copyfile(vocabulary or VOCABULARY, version_folder / WORDS)
    if vocabulary is not None:
        _check_lines(vocabulary)
        with vocabulary.open(encoding="utf-8") as lines:
            word_ids(lines)


def _check_lines(vocabulary: Path) -> None:
    lines = 0
    with vocabulary.open("rb") as file:
        while chunk := file.read(1 << 20):
            lines += chunk.count(b"\n") + chunk.count(b"\r")
            if lines > MOST_WORDS:
                raise ValueError(
                    f"found more than {MOST_WORDS:,} lines, expected no more; shorten it"
                )
