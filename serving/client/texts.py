"""Texts as the tensors that a sentiment model takes: tokens, or the text itself for a pipeline."""

from pathlib import Path

import numpy as np

from model_builders import builtin
from model_builders.features.tokens import WordPiece
from serving.records import Array
from serving.settings.triton import SentimentRouteSettings


class Texts:
    """Tokenizer of the vocabularies of routes; each is read once."""

    def __init__(self) -> None:
        self._words: dict[str, WordPiece] = {}

    def tensors(self, route: SentimentRouteSettings, text: str) -> dict[str, Array]:
        """Return the inputs of one text.

        Raises:
            FeatureError: for a text without words, or with too many.
        """
        if route.text:
            return {route.text: np.array([[text.encode()]], dtype=np.object_)}
        tokens = self._of(route.vocabulary).encode([text], route.max_tokens, name="text")
        return {route.input_ids: tokens.input_ids, route.attention_mask: tokens.attention_mask}

    def _of(self, vocabulary: str) -> WordPiece:
        if vocabulary not in self._words:
            path = Path(vocabulary) if vocabulary else _shipped()
            self._words[vocabulary] = WordPiece(path.read_text("utf-8").splitlines())
        return self._words[vocabulary]


def _shipped() -> Path:
    return Path(builtin.__file__).parent / "vocabulary" / "vocab.txt"
