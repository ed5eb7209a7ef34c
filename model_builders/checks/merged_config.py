"""Checks of the config after `configOverrides` were merged, which could undo other checks."""

from collections.abc import Iterator
from typing import Any

from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from model_builders.checks import config_rules, files
from model_builders.checks import server_arguments as server
from model_builders.checks.config_rules.subject import Subject
from model_builders.config import declared_config
from model_builders.config_files import Place
from model_builders.names import effective_format
from model_builders.overrides import OVERRIDES, apply_overrides
from model_builders.spec_paths import owners_of


def overrides(spec: InferenceModelSpec, place: Place, image: str | None) -> Iterator[Problem]:
    """Yield problems of the text itself; if there are none, those of the merged config.

    `place` is the model's folder, with the version that the operator serves. `image` is that of
    Triton, if it is decided.
    """
    config = declared_config(spec, name="model")
    text = spec.triton.config_overrides
    if text is not None:
        config.ClearField("name")
        refused = apply_overrides(config, text, owners_of(spec.model))
        if config.HasField("name"):
            refused = [*refused, _renamed(config.name)]
        if refused:
            yield from refused
            return
    yield from _served_version(config, place.version)
    yield from _ragged(config)
    yield from files.missing(config, place)
    yield from server.histograms(spec, [config])
    if text is not None:
        yield from _ensembles(config)
        yield from _cache(config)
        yield from config_rules.violations(
            Subject(
                config,
                declared_config(spec, name="model"),
                effective_format(spec.model),
                spec.accelerator.count if spec.accelerator else 0,
                image,
                owners_of(spec.model),
            )
        )


def _renamed(name: str) -> Problem:
    return Problem(
        f"{OVERRIDES}: name",
        quoted(name),
        "no name: it comes from model.name, or that of the resource or step",
        "remove it, and set model.name where Triton's name differs",
    )


def _path(config_field: str) -> str:
    return f"{OVERRIDES}: {config_field}"


def _served_version(config: Any, version: int | None) -> Iterator[Problem]:
    policy = config.version_policy
    versions = list(policy.specific.versions)
    if policy.HasField("specific") and version not in versions:
        yield Problem(
            "spec.triton.versionPolicy.specific.versions",
            str(versions),
            f"a list with {version}, the version that the operator serves",
            f"add {version}, or remove versionPolicy",
        )
    elif policy.HasField("latest") and policy.latest.num_versions == 0:
        yield Problem(_path("version_policy.latest"), "0 versions", "1 or more", "set num_versions")


def _ragged(config: Any) -> Iterator[Problem]:
    if config.HasField("dynamic_batching") or config.HasField("sequence_batching"):
        return
    for index, tensor in enumerate(config.input if config.max_batch_size else ()):
        if tensor.allow_ragged_batch:
            yield Problem(
                f"spec.model.inputs[{index}].allowRaggedBatch",
                "true without batching",
                "triton.dynamicBatching: requests share a batch only there",
                "add triton.dynamicBatching, or remove it",
            )


def _ensembles(config: Any) -> Iterator[Problem]:
    if config.HasField("ensemble_scheduling"):
        yield Problem(
            _path("ensemble_scheduling"),
            "an ensemble's steps",
            "the config of one model",
            "ensembles are resources of their own kind: EnsemblePipeline",
        )


def _cache(config: Any) -> Iterator[Problem]:
    """Refuse a cache for both, as ValidateModelConfig in core's model_config_utils.cc does."""
    if not config.response_cache.enable:
        return
    for field, used in (
        ("sequence_batching", config.HasField("sequence_batching")),
        ("model_transaction_policy.decoupled", config.model_transaction_policy.decoupled),
    ):
        if used:
            yield Problem(
                _path(field),
                "with a response cache",
                "no response cache: Triton caches neither sequences nor decoupled responses",
                "remove triton.responseCache",
            )
