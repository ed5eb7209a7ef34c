"""`tokenizer` inside Triton: WordPiece ids and attention masks of raw text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import triton_python_backend_utils as pb_utils

from model_builders.builtin.python.requests import Step, Tensors
from model_builders.features.failure import FailureReason, FeatureError
from model_builders.features.tokens import TooLong, WordPiece, words

_VOCABULARY = Path(__file__).with_name("vocab.txt")
_LONGER = {"Cut": TooLong.CUT, "Refuse": TooLong.REFUSE}


class TritonPythonModel:
    """One execution instance; see docs/builtin-steps.md."""

    def initialize(self, args: Mapping[str, str]) -> None:
        self._step = Step.of(args)
        self._most = self._step.number("max_tokens")
        self._longer = _LONGER[self._step.settings["too_long"]]
        self._may_be_empty = self._step.settings["empty_text"] == "LeaveOut"
        try:
            with _VOCABULARY.open(encoding="utf-8") as lines:
                self._words = WordPiece(lines)
        except ValueError as error:
            raise pb_utils.TritonModelException(str(error)) from None

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        # Each request is padded to its own longest text, so its answer does not depend on others.
        return self._step.answer(requests, self._run, joined=False)

    def _run(self, given: Tensors, requested: frozenset[str]) -> Tensors:
        texts = [self._read(row, text) for row, text in enumerate(given["text"][:, 0])]
        tokens = self._words.encode(texts, self._most, self._longer, "text")
        outputs = {"input_ids": tokens.input_ids, "attention_mask": tokens.attention_mask}
        return {name: outputs[name] for name in requested}

    def _read(self, row: int, text: bytes) -> str | None:
        """Return the decoded text; None for a text that counts as absent."""
        try:
            decoded = text.decode()
        except UnicodeDecodeError as error:
            if self._may_be_empty:
                return None
            raise FeatureError(
                FailureReason.WRONG_TYPE,
                f"text[{row}]: found bytes that are not UTF-8 ({error.reason} at {error.start}),"
                " expected UTF-8; encode the text as UTF-8",
            ) from None
        return None if self._may_be_empty and not words(decoded) else decoded
