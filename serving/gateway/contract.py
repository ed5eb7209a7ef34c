"""Checks that a model's tensors are those that a route sends and reads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serving.records import ModelMetadata, TensorMetadata
from serving.settings.triton import (
    EnsembleRouteSettings,
    PriceRouteSettings,
    RouteSettings,
    SentimentRouteSettings,
)

FLOATS = ("FP16", "FP32", "FP64")
ANY = -1


@dataclass(frozen=True, slots=True)
class Needed:
    """A tensor of a route: types that fit, and the shape without the batch; -1 is any length."""

    name: str
    datatypes: tuple[str, ...]
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {' or '.join(self.datatypes)} {list(self.shape)}"


def needed(route: RouteSettings) -> tuple[tuple[Needed, ...], tuple[Needed, ...]]:
    """Return the inputs and outputs that the route sends and reads."""
    match route:
        case PriceRouteSettings():
            bars = Needed(route.bars, ("FP32", "FP64"), (route.steps, 5))
            outputs = (Needed(route.change, FLOATS, (1,)), Needed(route.interval, FLOATS, (2,)))
            return (bars,), outputs
        case SentimentRouteSettings():
            score, confidence = (
                Needed(name, FLOATS, (1,)) for name in (route.sentiment, route.confidence)
            )
            if route.text:
                return (Needed(route.text, ("BYTES",), (1,)),), (score, confidence)
            tokens = tuple(
                Needed(name, ("INT64", "INT32"), (ANY,))
                for name in (route.input_ids, route.attention_mask)
            )
            return tokens, (score, confidence)
        case EnsembleRouteSettings():
            bars = Needed(route.bars, ("FP32", "FP64"), (route.steps, 5))
            names = [route.change, route.sentiment, route.confidence]
            names += [route.price_alone] if route.price_alone else []
            read = [Needed(name, FLOATS, (1,)) for name in names]
            if route.problem:
                read.append(Needed(route.problem, ("BYTES",), (1,)))
            return (bars, Needed(route.text, ("BYTES",), (1,))), tuple(read)
    return (), ()


def mismatches(name: str, route: RouteSettings, metadata: ModelMetadata) -> list[str]:
    """Return a sentence for each tensor that does not fit, with both sides."""
    inputs, outputs = needed(route)
    if not inputs:
        return []
    has_batch = metadata.max_batch_size > 0
    problems = [*_unfit(inputs, metadata.inputs, has_batch, "sends", "takes")]
    problems += _unfit(outputs, metadata.outputs, has_batch, "reads", "gives")
    sent = {tensor.name for tensor in inputs}
    problems += [
        f"the model wants input {tensor} too, and the route does not send it"
        for tensor in metadata.inputs
        if tensor.name not in sent
    ]
    remedy = f"change routes.{name}, or serve a model with the tensors of the route"
    return [f"route {name}, model {metadata.name}: {problem}; {remedy}" for problem in problems]


def _unfit(
    tensors: Sequence[Needed],
    declared: Sequence[TensorMetadata],
    has_batch: bool,
    does: str,
    model_does: str,
) -> Iterator[str]:
    by_name = {tensor.name: tensor for tensor in declared}
    for tensor in tensors:
        given = by_name.get(tensor.name)
        if given is None:
            names = ", ".join(map(str, declared)) or "nothing"
            yield f"the route {does} {tensor}, the model {model_does} {names}"
        elif given.datatype not in tensor.datatypes or not _fits(tensor, given, has_batch):
            yield f"the route {does} {tensor}, the model {model_does} {given}"


def _fits(tensor: Needed, given: TensorMetadata, has_batch: bool) -> bool:
    shape = given.shape[1:] if has_batch else given.shape
    # A model that takes no batch may have the batch written into its shape.
    shapes = [shape] if has_batch else [shape, shape[1:]]
    return any(
        len(each) == len(tensor.shape)
        and all(
            ANY in (theirs, ours) or theirs == ours
            for theirs, ours in zip(each, tensor.shape, strict=True)
        )
        for each in shapes
    )
