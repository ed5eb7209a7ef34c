"""Warning about warm-up samples of models whose sequences have texts as ids."""

from collections.abc import Iterator
from typing import Any

from model_builders.protobuf import DataType, model_config_pb2

_CORRID = model_config_pb2.ModelSequenceBatching.Control.CONTROL_SEQUENCE_CORRID
_STRING = DataType.Value("TYPE_STRING")


def ids_of_samples(config: Any) -> Iterator[str]:
    """Yield a warning if samples reach a model that expects a text as the sequence's id.

    Triton runs a sample with the id 0, an unsigned 64-bit number, whatever type the control has
    (server#8110). A model that reads the id as a text fails, and then it does not load.
    """
    has_text_ids = any(
        control.kind == _CORRID and control.data_type == _STRING
        for control_input in config.sequence_batching.control_input
        for control in control_input.control
    )
    if has_text_ids and any(sample.batch_size for sample in config.model_warmup):
        yield (
            "model_warmup runs with the number 0 as the id of the sequence, not with a text: if the"
            " model reads the id, it may fail, and is then not loaded; remove model_warmup, or let"
            " the model accept a number"
        )
