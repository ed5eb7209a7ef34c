"""Tensors of the served model in the status, from the loader's report."""

from inference_operator.api.status import ModelStatus, TensorStatus
from inference_operator.domain.declared_tensors import DeclaredTensor
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.status_uri import is_status_uri_of

Tensors = dict[str, tuple[TensorStatus, ...] | None]


def served_tensors(loaded: LoadReport | None, last: ModelStatus | None, uri: str) -> Tensors:
    """Return the inputs and outputs that a pod reports; those of `last` while none does."""
    if loaded is not None and loaded.tensors is not None:
        sides = loaded.tensors.inputs, loaded.tensors.outputs
        inputs, outputs = (tuple(map(_tensor, side)) for side in sides)
        return {"inputs": inputs, "outputs": outputs}
    if loaded is None and last is not None and is_status_uri_of(last.uri, uri):
        return {"inputs": last.inputs, "outputs": last.outputs}
    return {}


def _tensor(tensor: DeclaredTensor) -> TensorStatus:
    return TensorStatus(name=tensor.name, data_type=tensor.data_type, shape=tensor.shape)
