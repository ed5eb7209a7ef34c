"""Named arrays that a model answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from serving.records.answers import Answerer, Timings

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class InferAnswer:
    """Outputs by name as Triton sent them, with the batch as their first axis where it has one."""

    outputs: Mapping[str, Array]
    answered_by: Answerer
    timings: Timings
