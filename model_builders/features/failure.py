"""Why features cannot be computed: one error, with a reason that code can ask for."""

from enum import StrEnum


class FailureReason(StrEnum):
    """What was wrong; the error's message says where, what was expected and what to do."""

    WRONG_TYPE = "WrongType"
    WRONG_SHAPE = "WrongShape"
    NOT_FINITE = "NotFinite"
    OUT_OF_RANGE = "OutOfRange"
    PRICE_NOT_POSITIVE = "PriceNotPositive"
    NEGATIVE_VOLUME = "NegativeVolume"
    IMPOSSIBLE_BAR = "ImpossibleBar"
    OUT_OF_ORDER = "OutOfOrder"
    DUPLICATE_TIME = "DuplicateTime"
    GAP = "Gap"
    STANDS_STILL = "StandsStill"
    TOO_SHORT = "TooShort"
    BAD_PERIOD = "BadPeriod"
    BAD_WEIGHTS = "BadWeights"
    LOOK_AHEAD = "LookAhead"
    ALREADY_KNOWN = "AlreadyKnown"
    EMPTY_TEXT = "EmptyText"
    TOO_LONG = "TooLong"
    BAD_VOCABULARY = "BadVocabulary"


class FeatureError(ValueError):
    """A sentence for whoever gave the data; `reason` is for code."""

    def __init__(self, reason: FailureReason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
