"""Checks of Triton's arguments and environment: users cannot set those of the operator."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from inference_operator.api.arguments import RESERVED_ARGS
from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from inference_operator.api.serving_spec import ServingSpec
from model_builders.serving import HISTOGRAMS, measures_latency

# The API's own rule refuses other options (api/arguments.py).
_COMPLETION = "the operator decides what Triton may complete"
_REPOSITORY = "the operator lays out the model repository"
_OWNED: Mapping[str, str] = {
    "--repository-poll-secs": _REPOSITORY,
    "--model-namespacing": _REPOSITORY,
    "--strict-model-config": _COMPLETION,
    "--disable-auto-complete-config": _COMPLETION,
    "--reuse-http-port": "a pod has one Triton",
    "--reuse-grpc-port": "a pod has one Triton",
    "--cache-directory": "use triton.responseCache",
    "--response-cache-byte-size": "use triton.responseCache",
    **{f"--{name}": "the operator sets it itself" for name in RESERVED_ARGS},
}

RESERVED_ENVIRONMENT: Mapping[str, str] = {
    "NVIDIA_VISIBLE_DEVICES": "the device plugin sets it from spec.accelerator",
}


def arguments(spec: ServingSpec) -> Iterator[Problem]:
    for index, argument in enumerate(spec.triton.extra_args):
        path = f"spec.triton.extraArgs[{index}]"
        name = argument.partition("=")[0]
        owned = _owned(name)
        if owned is not None:
            yield Problem(path, quoted(argument, "`"), f"no {owned}: {_OWNED[owned]}", "remove it")


def histograms(spec: ServingSpec, configs: Iterable[Any]) -> Iterator[Problem]:
    """Check histogram settings; `configs` are those of all models of the server, merged."""
    if not measures_latency(configs):
        return
    for index, argument in enumerate(spec.triton.extra_args):
        name, _, setting = argument.partition("=")
        if name == "--metrics-config" and "histogram" in setting and setting != HISTOGRAMS:
            yield Problem(
                f"spec.triton.extraArgs[{index}]",
                quoted(argument, "`"),
                f"no histogram setting but {HISTOGRAMS}: a model's latency buckets turn them on",
                "remove it",
            )


def _owned(name: str) -> str | None:
    """Return the owned option that `name` is or abbreviates: getopt accepts `--http-po`."""
    if name in _OWNED:
        return name
    if not name.startswith("--") or len(name) < 5:
        return None
    return next((owned for owned in _OWNED if owned.startswith(name)), None)


def environment(spec: ServingSpec) -> Iterator[Problem]:
    for index, variable in enumerate(spec.triton.env):
        if variable.name in RESERVED_ENVIRONMENT:
            yield Problem(
                f"spec.triton.env[{index}].name",
                variable.name,
                f"another variable: {RESERVED_ENVIRONMENT[variable.name]}",
                "remove it",
            )
