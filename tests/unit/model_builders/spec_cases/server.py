"""Specs with arguments and variables for Triton: their own, and those that the operator sets."""

from inference_operator.api.inference_model import InferenceModelSpec
from tests.unit.model_builders.specs import overrides, spec

SOUND: dict[str, InferenceModelSpec] = {
    "logging arguments": spec(triton={"extraArgs": ["--log-verbose=1"]}),
}

BAD: dict[str, tuple[InferenceModelSpec, str]] = {
    "an argument that replaces the repository": (
        spec(triton={"extraArgs": ["--log-verbose=1", "--repository-poll-secs=5"]}),
        "spec.triton.extraArgs[1]: found `--repository-poll-secs=5`, expected no"
        " --repository-poll-secs: the operator lays out the model repository; remove it",
    ),
    "an abbreviated argument of the operator's": (
        spec(triton={"extraArgs": ["--http-po=9000"]}),
        "spec.triton.extraArgs[0]: found `--http-po=9000`, expected no --http-port: the operator"
        " sets it itself; remove it",
    ),
    "the old cache argument": (
        spec(triton={"extraArgs": ["--response-cache-byte-size=1048576"]}),
        "spec.triton.extraArgs[0]: found `--response-cache-byte-size=1048576`, expected no"
        " --response-cache-byte-size: use triton.responseCache; remove it",
    ),
    "histograms switched twice": (
        spec(
            triton={
                "metrics": {"latencyBuckets": [5]},
                "extraArgs": ["--metrics-config=histogram_latencies=false"],
            }
        ),
        "spec.triton.extraArgs[0]: found `--metrics-config=histogram_latencies=false`, expected"
        " no histogram setting but histogram_latencies=true: a model's latency buckets turn them"
        " on; remove it",
    ),
    "histograms of the overrides switched off": (
        spec(
            triton={
                **overrides(
                    'model_metrics { metric_control { metric_identifier { family: "f" }'
                    " histogram_options { buckets: 5 } } }"
                ),
                "extraArgs": ["--metrics-config=histogram_latencies=false"],
            }
        ),
        "spec.triton.extraArgs[0]: found `--metrics-config=histogram_latencies=false`, expected"
        " no histogram setting but histogram_latencies=true: a model's latency buckets turn them"
        " on; remove it",
    ),
    "a variable of the device plugin": (
        spec(triton={"env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]}),
        "spec.triton.env[0].name: found NVIDIA_VISIBLE_DEVICES, expected another variable: the"
        " device plugin sets it from spec.accelerator; remove it",
    ),
}
