"""The words of a tokenizer; the init container checks them with the standard library only."""

from collections.abc import Iterable, Mapping

from model_builders.features.failure import FailureReason, FeatureError

UNKNOWN, BEGIN, END, PADDING = CONTROL = ("[UNK]", "[CLS]", "[SEP]", "[PAD]")


def word_ids(vocabulary: Iterable[str]) -> Mapping[str, int]:
    """Return the id of each word of a `vocab.txt`: the line's number, from 0 on."""
    lines = [line.removesuffix("\n").removesuffix("\r") for line in vocabulary]
    ids = {line: number for number, line in enumerate(lines)}
    missing = [word for word in CONTROL if word not in ids]
    if missing or len(ids) != len(lines):
        wrong = f"no {', '.join(missing)}" if missing else f"{len(lines) - len(ids)} words twice"
        raise FeatureError(
            FailureReason.BAD_VOCABULARY,
            f"vocabulary: found {wrong} among {len(lines)} lines, expected each word once and"
            f" {', '.join(CONTROL)}; give the lines of the model's own vocab.txt",
        )
    return ids
