"""Arguments of tritonserver by which metrics that are read stand still or are missing."""

from collections.abc import Iterator

from inference_operator.api.problem import Problem
from inference_operator.api.quoting import quoted
from inference_operator.api.serving_spec import ServingSpec

# getopt accepts abbreviations of options, as long as only one option begins with them.
_METRICS_CONFIG, _GPU_METRICS = "--metrics-config", "--allow-gpu-metrics"
_SHORTEST = len("--metrics-c")
_COUNTERS, _HISTOGRAMS = "counter_latencies", "histogram_latencies"


def argument_problems(spec: ServingSpec, gpu_reader: str) -> Iterator[Problem]:
    """Yield a problem for each argument that turns off what is read. `gpu_reader` says what reads
    GPU metrics, such as `a metric of type GPUUtilization is judged`; empty: nothing does."""
    for index, argument in enumerate(spec.triton.extra_args):
        name, _, setting = argument.partition("=")
        requirement = ""
        if _is(name, _METRICS_CONFIG) and setting.partition("=")[0].strip() == _COUNTERS:
            if setting != f"{_COUNTERS}=true":
                requirement = (
                    f"no setting of {_COUNTERS}: without it, Triton's counters stand still"
                )
        elif _is(name, _GPU_METRICS) and gpu_reader and setting.lower() not in ("true", "1"):
            requirement = f"GPU metrics, since {gpu_reader}"
        if requirement:
            path = f"spec.triton.extraArgs[{index}]"
            yield Problem(path, quoted(argument, "`"), requirement, "remove it")


def turns_on_histograms(spec: ServingSpec) -> bool:
    """Return whether an argument asks Triton for histograms of latencies."""
    settings = (argument.partition("=") for argument in spec.triton.extra_args)
    return any(
        _is(name, _METRICS_CONFIG) and setting == f"{_HISTOGRAMS}=true"
        for name, _, setting in settings
    )


def _is(name: str, option: str) -> bool:
    return option.startswith(name) and len(name) >= _SHORTEST
