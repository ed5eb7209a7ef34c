"""The error of features that cannot be computed, with a reason for code."""

from enum import StrEnum


class FailureReason(StrEnum):
    """The kind of error; the message holds place, requirement and remedy."""

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
    """A message for the person who gave the data; `reason` is for code."""

    def __init__(self, reason: FailureReason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
