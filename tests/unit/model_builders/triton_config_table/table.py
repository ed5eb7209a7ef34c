"""All rows of the table by their description."""

from tests.unit.model_builders.joined_tables import joined
from tests.unit.model_builders.triton_config_table import (
    batch_io,
    batching,
    instances,
    sequences,
    tensors,
    warmup,
)
from tests.unit.model_builders.triton_config_table.row import Accepted, Refused

REFUSED: dict[str, Refused] = joined(
    tensors.REFUSED,
    batching.REFUSED,
    instances.REFUSED,
    batch_io.REFUSED,
    sequences.REFUSED,
    warmup.REFUSED,
)
ACCEPTED: dict[str, Accepted] = joined(
    tensors.ACCEPTED,
    batching.ACCEPTED,
    instances.ACCEPTED,
    batch_io.ACCEPTED,
    sequences.ACCEPTED,
    warmup.ACCEPTED,
)
