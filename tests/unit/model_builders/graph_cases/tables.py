"""All graphs that are refused, and all that are served, by their descriptions."""

from tests.unit.model_builders.graph_cases import (
    batches,
    connections,
    cycles,
    naming,
    optional_inputs,
    side_by_side,
    tensor_conflicts,
)
from tests.unit.model_builders.graph_cases.case import Bad, Good
from tests.unit.model_builders.joined_tables import joined

BAD: dict[str, Bad] = joined(
    connections.BAD,
    cycles.BAD,
    tensor_conflicts.BAD,
    batches.BAD,
    optional_inputs.BAD,
    side_by_side.BAD,
    naming.BAD,
)
GOOD: dict[str, Good] = joined(
    connections.GOOD,
    tensor_conflicts.GOOD,
    batches.GOOD,
    optional_inputs.GOOD,
    side_by_side.GOOD,
)
