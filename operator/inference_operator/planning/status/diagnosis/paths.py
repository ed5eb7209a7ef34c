"""The fields of a spec that a problem of a model is about: in a pipeline, those of steps."""

from collections.abc import Iterable
from dataclasses import replace

from inference_operator.api.inference_model import KIND as INFERENCE_MODEL
from inference_operator.api.problem import Problem, joined
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.repository_plan import CONFIG_SUFFIX
from inference_operator.domain.serving_unit import ServedStep
from inference_operator.validation.step_overrides import path_of


def at_steps(problems: Iterable[Problem], record: RevisionRecord, model: str) -> str:
    """Describe the problems of a model at the fields that define it: in a pipeline, of steps."""
    if not record.steps:
        return joined(problems)
    steps = [step for step in record.steps if _runs(step, model)]
    return joined(placed(problem, steps, model) for problem in problems)


def placed(problem: Problem, steps: Iterable[ServedStep], model: str = "") -> Problem:
    """Return an InferenceModel's problem at the fields of the steps, or of `spec.steps[]`."""
    paths = [_path(problem, step, model) for step in steps]
    path = " and ".join(dict.fromkeys(paths)) or problem.below("spec.steps[]").path
    return replace(problem, path=path)


def _runs(step: ServedStep, model: str) -> bool:
    """Return whether the step runs the model, itself or in the pipeline that it refers to."""
    names = step.pin.repository if step.pin else ()
    return step.model == model or f"{model}{CONFIG_SUFFIX}" in names


def _path(problem: Problem, step: ServedStep, model: str) -> str:
    pin = step.pin
    if pin is None:
        place = path_of(step.name)
        moved = problem.below(place)
        return moved.path if moved is not problem else ": ".join(filter(None, (place, moved.path)))
    if pin.kind == INFERENCE_MODEL:
        return " of ".join(filter(None, (problem.path, pin.reference)))
    within = problem.below("spec.steps[]").path
    return " of ".join(filter(None, (within, f"model {model}" if model else "", pin.reference)))
