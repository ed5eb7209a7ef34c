"""Checks of a spec for problems with Triton that rules of the API cannot express.

Each check is a small function from a spec to problems. `check` runs all of them, so that a person
sees many problems at once. Each rule names the place in Triton that states it.
"""

from collections.abc import Callable, Iterable
from itertools import chain

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem, first
from model_builders.checks import acceleration, batching, naming, tensors, warmup
from model_builders.checks import merged_config as merged
from model_builders.checks import server_arguments as server
from model_builders.config_files import Place

Check = Callable[[InferenceModelSpec], Iterable[Problem]]

CHAIN: tuple[Check, ...] = (
    tensors.reshapes,
    tensors.strings,
    tensors.ragged_batches,
    tensors.optional_inputs,
    tensors.optional_in_batches,
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


def check(
    spec: InferenceModelSpec,
    *,
    version: int = 1,
    name: str | None = None,
    image: str | None = None,
) -> list[Problem]:
    """Return the first problems of the spec, in the order of its fields, if any.

    `version` is the number of the version's folder in the repository. `name` is Triton's name of
    the model, or None if it is not yet decided. `image` is that of Triton if the spec names none,
    such as the pipeline's or the operator's default.
    """
    place = Place(version, name or spec.model.name)
    image = spec.triton.image or image
    problems = (problem for rule in CHAIN for problem in rule(spec))
    return first(
        chain(tensors.data_types(spec, image), problems, merged.overrides(spec, place, image))
    )
