"""Section of batches in the background."""

from typing import Annotated

from pydantic import Field

from serving.settings.durations import Duration
from serving.settings.section import Section


class BatchesSettings(Section):
    """Bounds of batches in the background; they lie in `storage.cache_dir`/batches."""

    most: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Batches that are kept, answered or not; more are refused until one is over."""
    rows: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    """The most items of one batch."""
    bytes: Annotated[int, Field(ge=1024, le=1_000_000_000_000)] = 1 << 30
    """The most bytes of all batches with their answers; more are refused."""
    keep: Annotated[Duration, Field(ge=60)] = 86_400.0
    """How long a batch is kept after it came, whether it is answered or not."""
    at_once: Annotated[int, Field(ge=1, le=256)] = 8
    """Items of batches that one process asks models at once."""
