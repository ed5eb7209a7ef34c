"""Ensembles that Triton would not load, and the message of import about each."""

from tests.unit.model_builders.repositories import ensemble

REFUSED_ENSEMBLES = {
    "instance groups": (
        ensemble("instance_group { count: 2 }"),
        "found instance_group in an ensemble, expected it on the models of its steps; Triton does"
        " not load such an ensemble: remove it",
    ),
    "optimization": (ensemble("optimization { }"), "found optimization in an ensemble"),
    "warm-up": (
        ensemble(
            'model_warmup { name: "w" batch_size: 1 inputs { key: "IN" value {'
            " data_type: TYPE_FP32 dims: 1 zero_data: true } } }"
        ),
        "found model_warmup in an ensemble",
    ),
    "another scheduler beside the steps": (
        ensemble("dynamic_batching { }"),
        "expected fields of Triton's ModelConfig in protobuf text format; keep one of the two",
    ),
    "another scheduler in place of steps": (
        'platform: "ensemble" dynamic_batching { }',
        "found dynamic_batching in an ensemble, expected ensemble_scheduling",
    ),
    "no scheduler": ('platform: "ensemble"', "found no steps in an ensemble"),
    "no platform": (
        ensemble(platform=""),
        'found platform "" and backend "" beside ensemble_scheduling, expected platform "ensemble"'
        " and no backend",
    ),
    "a backend": (
        ensemble('backend: "python"'),
        'found platform "ensemble" and backend "python" beside ensemble_scheduling',
    ),
    "a step without a version": (
        ensemble().replace("model_version: -1", ""),
        "found no version in ensemble_scheduling.step[0], expected -1, or the number of a version;"
        " Triton does not load such an ensemble: write model_version: -1",
    ),
    "itself as a step": (
        ensemble().replace('"bars"', '"signal"'),
        "found a cycle of steps, signal -> signal, expected steps that do not lead back to the"
        " ensemble; Triton does not load it: take one of them out",
    ),
    "a version of its own": (
        ensemble("version_policy { specific { versions: 2 } }"),
        "found version_policy { specific } in an ensemble, expected none or latest",
    ),
}
