"""Everything that would keep Triton from serving a spec and that no rule of the API can express.

Each check is a small function from a spec to problems; `check` runs the whole chain, so that a
person sees many problems at once. Each rule says where Triton itself states it.
"""

from collections.abc import Callable, Iterable
from itertools import chain

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem, first
from model_builders.checks import acceleration, batching, merged, naming, server, tensors, warmup
from model_builders.config_files import Place

Check = Callable[[InferenceModelSpec], Iterable[Problem]]

CHAIN: tuple[Check, ...] = (
    tensors.reshapes,
    tensors.data_types,
    tensors.strings,
    tensors.ragged_batches,
    tensors.optional_inputs,
    naming.torchscript_names,
    batching.ordering,
    acceleration.gpu_indices,
    acceleration.profiles,
    acceleration.tensorrt_plans,
    acceleration.tensorrt_optimization,
    warmup.samples,
    server.arguments,
    server.environment,
)


def check(spec: InferenceModelSpec, *, version: int = 1, name: str | None = None) -> list[Problem]:
    """The first problems of the spec, in the order of its fields; empty when Triton can serve it.

    `version` is the one that the operator serves, as in the repository's folder. `name` is Triton's
    name for the model, or None where it is not known.
    """
    place = Place(version, name or spec.model.name)
    problems = (problem for one in CHAIN for problem in one(spec))
    return first(chain(problems, merged.overrides(spec, place)))
