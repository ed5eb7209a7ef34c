"""Values of a spec that the operator's allow-lists do not contain."""

from collections.abc import Iterator

from inference_operator.api.custom_resources import AnySpec
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import shown
from inference_operator.api.serving_spec import ServingSpec
from inference_operator.api.shown_uri import NOT_SHOWN, image_is_shown, shown_place
from inference_operator.api.source import Source
from inference_operator.domain.allow_lists import (
    AllowLists,
    allows_image,
    allows_source,
    allows_toleration,
    taints_of,
)
from inference_operator.validation.step_overrides import path_of

# A pod without an account gets the identity of this one.
_DEFAULT_ACCOUNT = "default"
# Characters of a list that a message shows.
_SHOWN_LIST = 300


def not_allowed(spec: AnySpec, lists: AllowLists) -> tuple[Problem, ...]:
    """Return a problem for each value that is not in the list for its field, if there is a list.

    A step with `modelRef` is checked with its own resource.
    """
    return (
        *_image(spec, lists.images),
        *_service_account(spec, lists.service_accounts),
        *_priority_class(spec, lists.priority_classes),
        *_tolerations(spec, lists.tolerations),
        *_sources(spec, lists.source_hosts),
    )


def _image(spec: ServingSpec, allowed: tuple[str, ...]) -> Iterator[Problem]:
    image = spec.triton.image
    if allowed and image is not None and not allows_image(allowed, image):
        path = "spec.triton.image"
        value = shown(image) if image_is_shown(image) else NOT_SHOWN
        yield outside_list(path, value, allowed, "IMAGES")


def _service_account(spec: ServingSpec, allowed: tuple[str, ...]) -> Iterator[Problem]:
    name = spec.service_account_name
    if allowed and (name or _DEFAULT_ACCOUNT) not in allowed:
        value = shown(name) if name else f'nothing, which is "{_DEFAULT_ACCOUNT}"'
        yield outside_list("spec.serviceAccountName", value, allowed, "SERVICE_ACCOUNTS")


def _priority_class(spec: ServingSpec, allowed: tuple[str, ...]) -> Iterator[Problem]:
    name = spec.placement.priority_class_name
    if allowed and name is not None and name not in allowed:
        path = "spec.placement.priorityClassName"
        yield outside_list(path, shown(name), allowed, "PRIORITY_CLASSES")


def _tolerations(spec: ServingSpec, allowed: tuple[str, ...]) -> Iterator[Problem]:
    for number, toleration in enumerate(spec.placement.tolerations):
        if allowed and not allows_toleration(allowed, toleration):
            path = f"spec.placement.tolerations[{number}]"
            value = f"a toleration of {shown(taints_of(toleration))}"
            yield outside_list(path, value, allowed, "TOLERATIONS")


def _sources(spec: AnySpec, allowed: tuple[str, ...]) -> Iterator[Problem]:
    for path, source in _named_sources(spec):
        if allowed and not allows_source(allowed, source.uri):
            yield outside_list(
                f"{path}.uri", shown(shown_place(source.uri)), allowed, "SOURCE_HOSTS"
            )


def _named_sources(spec: AnySpec) -> Iterator[tuple[str, Source]]:
    if isinstance(spec, InferenceModelSpec):
        yield "spec.model.source", spec.model.source
        return
    for step in spec.steps:
        path = path_of(step.name)
        if step.model is not None:
            yield f"{path}.model.source", step.model.source
        tokenizer = step.builtin.tokenizer if step.builtin else None
        if tokenizer is not None and tokenizer.vocabulary is not None:
            yield f"{path}.builtin.tokenizer.vocabulary", tokenizer.vocabulary


def outside_list(path: str, value: str, allowed: tuple[str, ...], setting: str) -> Problem:
    """Return the problem of a value that is not in the list of a setting."""
    names = ", ".join(allowed)
    if len(names) > _SHOWN_LIST:
        names = f"{names[:_SHOWN_LIST]}..."
    return Problem(
        path,
        value,
        f"a value that the platform allows ({names})",
        "use one of these, or ask the platform engineers to add it to"
        f" INFERENCE_OPERATOR_ALLOWED_{setting}",
    )
