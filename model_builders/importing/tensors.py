"""Conversion of inputs and outputs of a ModelConfig into fields of the API."""

from typing import Any

from model_builders.names import api_type, type_name


def read_inputs(config: Any) -> list[dict[str, Any]]:
    inputs = []
    for tensor in config.input:
        fields = _tensor(tensor)
        if tensor.optional:
            fields["optional"] = True
        if tensor.allow_ragged_batch:
            fields["allowRaggedBatch"] = True
        inputs.append(fields)
    return inputs


def read_outputs(config: Any) -> list[dict[str, Any]]:
    return [_tensor(tensor) for tensor in config.output]


def _tensor(tensor: Any) -> dict[str, Any]:
    data_type = api_type(tensor.data_type)
    fields = {
        "name": tensor.name,
        "dataType": data_type.value if data_type else type_name(tensor.data_type),
        "shape": list(tensor.dims),
    }
    if tensor.HasField("reshape"):
        fields["reshape"] = list(tensor.reshape.shape)
    return fields
