"""Rules by which Triton refuses a merged config, or cannot serve it.

Each rule is a function from a subject to problems, and names the place in Triton that states it.
`violations` runs all of them. A table in tests/unit/model_builders/triton_config_table holds what
they refuse and accept; a real Triton judges each of its rows.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from inference_operator.api.problem import Problem
from model_builders.checks.config_rules import (
    batch_io,
    batching,
    controls,
    instances,
    metrics,
    states,
    tensors,
    warmup,
)
from model_builders.checks.config_rules.subject import Subject

Rule = Callable[[Subject], Iterable[Problem]]

OF_MODELS: tuple[Rule, ...] = (
    tensors.tensors,
    batching.batching,
    instances.instances,
    batch_io.batch_tensors,
    controls.sequences,
    states.states,
    tensors.torchscript_names,
    warmup.samples,
    metrics.metrics,
)
OF_ENSEMBLES: tuple[Rule, ...] = (tensors.tensors, metrics.metrics)


def violations(subject: Subject, rules: Iterable[Rule] = OF_MODELS) -> Iterator[Problem]:
    """Yield problems that the overrides bring into the config.

    The checks of the spec's own fields report problems that these fields have by themselves.
    """
    rules = tuple(rules)
    alone = replace(subject, config=subject.declared)
    reported = {problem for rule in rules for problem in rule(alone)}
    for rule in rules:
        yield from (problem for problem in rule(subject) if problem not in reported)
