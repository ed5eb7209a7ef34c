"""Rules for dynamic batching and for preferred batch sizes (ValidateModelConfig in core's
model_config_utils.cc)."""

from collections.abc import Iterable, Iterator
from typing import Any

from inference_operator.api.problem import Problem
from model_builders.checks.config_rules.subject import Subject
from model_builders.protobuf import model_config_pb2

_DELAY = model_config_pb2.ModelQueuePolicy.DELAY


def batching(subject: Subject) -> Iterator[Problem]:
    """Check dynamic batching. Triton loads it without a batch dimension too, as a mere queue."""
    config = subject.config
    if not config.HasField("dynamic_batching"):
        return
    dynamic = config.dynamic_batching
    yield from preferred_sizes(subject, "dynamic_batching", dynamic.preferred_batch_size)
    yield from _priorities(subject, dynamic)
    if dynamic.preserve_ordering:
        yield from _ordering(subject, dynamic)


def preferred_sizes(subject: Subject, field: str, sizes: Iterable[int]) -> Iterator[Problem]:
    """Refuse sizes of batches that the batcher of this field cannot form."""
    path = subject.at(f"{field}.preferred_batch_size")
    for size in sizes:
        if size < 1:
            yield Problem(path, str(size), "1 or more", "remove it")
        elif size > subject.config.max_batch_size:
            yield Problem(
                path,
                str(size),
                f"at most {subject.config.max_batch_size}, which is model.maxBatchSize",
                "lower it, or raise model.maxBatchSize",
            )


def _priorities(subject: Subject, dynamic: Any) -> Iterator[Problem]:
    levels, default = dynamic.priority_levels, dynamic.default_priority_level
    if levels == 0:
        return
    if not 1 <= default <= levels:
        yield Problem(
            subject.at("dynamic_batching.default_priority_level"),
            str(default) if default else "no level",
            f"1 to {levels}, which is priority_levels",
            "set the level of requests that name none",
        )
    for level in sorted(dynamic.priority_queue_policy):
        if not 1 <= level <= levels:
            yield Problem(
                subject.at("dynamic_batching.priority_queue_policy", f"[{level}]"),
                f"a policy of level {level}",
                f"levels from 1 to {levels}, which is priority_levels",
                "remove it, or raise priority_levels",
            )


def _ordering(subject: Subject, dynamic: Any) -> Iterator[Problem]:
    """Refuse settings with which requests overtake each other."""
    remedy = "remove preserve_ordering, or this"
    if dynamic.priority_levels > 1:
        yield Problem(
            subject.at("dynamic_batching.priority_levels"),
            f"{dynamic.priority_levels} with preserve_ordering",
            "1: priorities let requests overtake",
            remedy,
        )
    policies = [("dynamic_batching.default_queue_policy", "", dynamic.default_queue_policy)]
    for level in sorted(dynamic.priority_queue_policy):
        policy = dynamic.priority_queue_policy[level]
        policies.append(("dynamic_batching.priority_queue_policy", f"[{level}]", policy))
    for path, element, policy in policies:
        if policy.timeout_action == _DELAY and policy.default_timeout_microseconds:
            yield Problem(
                subject.at(path, f"{element}.timeout_action"),
                "DELAY with preserve_ordering",
                "REJECT: a delayed request is overtaken",
                remedy,
            )
