"""Mistakes in a spec: refused by `kubectl apply`, or by the operator without any pod."""

from tests.broken.situation import Situation

_TENSOR = {"name": "x", "dataType": "FP32", "shape": [4]}
_OUTPUT = {"name": "y", "dataType": "FP32", "shape": [4]}
_OTHER = {"kind": "EnsemblePipeline", "name": "other-pipeline"}
_STEP = {
    "name": "first",
    "modelRef": {"name": "nowhere"},
    "inputMap": {"x": "x"},
    "outputMap": {"y": "y"},
}


def _pipeline(**step: object) -> dict[str, object]:
    return {"steps": [{**_STEP, **step}], "inputs": [_TENSOR], "outputs": [_OUTPUT]}


REFUSED = (
    Situation(
        "a misspelt field",
        "",
        'unknown field "spec.replcas"',
        "write `spec.replicas`; `kubectl explain inferencemodel.spec` lists the fields",
        {"spec.replcas": 2},
    ),
    Situation(
        "a number of replicas beside autoscaling, as `kubectl scale` writes it",
        "",
        "expected one of them, since both set the number of pods; remove replicas (kubectl scale"
        " writes it) and set autoscaling.minReplicas and maxReplicas, or remove autoscaling",
        "remove `spec.replicas`, and edit `spec.autoscaling`",
        {
            "spec.replicas": 2,
            "spec.autoscaling": {
                "maxReplicas": 2,
                "metrics": [{"type": "QueueTime", "target": "5ms"}],
            },
        },
    ),
    Situation(
        "a source of another scheme",
        "",
        "expected a uri that starts with models:/, runs:/, https://, s3://, gs://, oci:// or pvc://;"
        " register the model, or store the artifact at one of these",
        "use one of the schemes that the message lists",
        {"spec.model.source.uri": "ftp://models.example.com/model.onnx"},
    ),
    Situation(
        "an argument that the operator sets itself",
        "",
        "expected an option that the operator neither sets nor needs itself; remove it",
        "remove it from `spec.triton.extraArgs`",
        {"spec.triton.extraArgs": ["--http-port=1"]},
    ),
    Situation(
        "a format that does not exist",
        "",
        'spec.model.format: Unsupported value: "pickle": supported values: …',
        "export the model as one of the formats that the message lists",
        {"spec.model.format": "pickle"},
    ),
)

INVALID = (
    Situation(
        "a config override that Triton does not know",
        "InvalidSpec",
        'spec.triton.configOverrides: found line 1, column 1: Message type "inference.ModelConfig"'
        ' has no field named "max_batch"…; did you mean max_batch_size?',
        "correct the field in `spec.triton.configOverrides`",
        {"spec.triton.configOverrides": "max_batch: 4"},
        needs_cluster=False,
    ),
    Situation(
        "a config override that is no protobuf text",
        "InvalidSpec",
        'spec.triton.configOverrides: found line 1, column 16: Expected ":"…; write it as in'
        " config.pbtxt",
        "write `field: value`, as in config.pbtxt",
        {"spec.triton.configOverrides": "max_batch_size = 4"},
        needs_cluster=False,
    ),
    Situation(
        "a config override that contradicts the spec",
        "InvalidSpec",
        "spec.triton.configOverrides: max_batch_size: found 4, expected 8 as in"
        " model.maxBatchSize; write the value that is meant into model.maxBatchSize, and remove it"
        " from the overrides, which cannot contradict the spec",
        "change `model.maxBatchSize`, or remove the override",
        {"spec.triton.configOverrides": "max_batch_size: 4"},
        needs_cluster=False,
    ),
    Situation(
        "a schedule of autoscaling in a time zone that does not exist",
        "InvalidSpec",
        'spec.autoscaling.schedules[open].timeZone: found "America/Gotham", expected a name of the'
        " time zone database, such as America/New_York; did you mean America/Godthab?",
        "correct the name; the number of pods stays as it is until then",
        {
            "spec.autoscaling": {
                "maxReplicas": 2,
                "metrics": [{"type": "QueueTime", "target": "5ms"}],
                "schedules": [
                    {
                        "name": "open",
                        "timeZone": "America/Gotham",
                        "start": "0 9 * * *",
                        "end": "0 17 * * *",
                        "minReplicas": 2,
                    }
                ],
            }
        },
        needs_cluster=False,
    ),
    Situation(
        "a query of the analysis with a name that does not exist",
        "InvalidSpec",
        "spec.rollout.canary.analysis.metrics[pnl].query: found $pod, expected one of $namespace,"
        " $model, $revision, $pods, $window: correct the name",
        "use the names that the message lists",
        {
            "spec.rollout.canary": {
                "steps": [{"setWeight": 10}],
                "analysis": {
                    "metrics": [
                        {"name": "pnl", "type": "Prometheus", "query": "f($pod)", "max": "1"}
                    ]
                },
            }
        },
        needs_cluster=False,
    ),
    Situation(
        "Triton's counters switched off where they are judged",
        "InvalidSpec",
        "spec.triton.extraArgs[0]: found `--metrics-config=counter_latencies=false`, expected no"
        " setting of counter_latencies: without it, Triton's counters stand still; remove it",
        "remove the argument, or `rollout.canary.analysis`",
        {
            "spec.triton.extraArgs": ["--metrics-config=counter_latencies=false"],
            "spec.rollout.canary": {
                "steps": [{"setWeight": 10}],
                "analysis": {
                    "metrics": [{"name": "errors", "type": "ErrorRate", "max": "1%"}],
                },
            },
        },
        needs_cluster=False,
    ),
    Situation(
        "a warm-up of an input that the model does not have",
        "InvalidSpec",
        'spec.triton.warmup[0].inputs[0].name: found "z", expected an input of the model (x);'
        " rename or remove it",
        "use the names of `model.inputs`",
        {
            "spec.triton.warmup": [
                {"name": "zeros", "inputs": [{"name": "z", "dataType": "FP32", "shape": [4]}]}
            ]
        },
        needs_cluster=False,
    ),
    Situation(
        "a reshape with another number of elements",
        "InvalidSpec",
        "spec.model.inputs[0].reshape: found [5] for shape [4], expected the same number of"
        " elements",
        "correct `reshape`, or the shape",
        {"spec.model.inputs": [{**_TENSOR, "reshape": [5]}]},
        needs_cluster=False,
    ),
    Situation(
        "TorchScript tensors whose numbers have a gap",
        "InvalidSpec",
        'spec.model.inputs[0].name: found "INPUT__1" among 1 tensors, expected NAME__0',
        "number the tensors from 0, in the order of `forward`'s arguments and results",
        {
            "spec.model.format": "torchscript",
            "spec.model.inputs": [{**_TENSOR, "name": "INPUT__1"}],
            "spec.model.outputs": [{**_OUTPUT, "name": "OUTPUT__0"}],
        },
        needs_cluster=False,
    ),
    Situation(
        "a model of the registry, but the operator has no registry",
        "RegistryNotConfigured",
        "the operator has no registry; set INFERENCE_OPERATOR_MLFLOW_TRACKING_URI of its"
        " Deployment",
        "set the operator's `INFERENCE_OPERATOR_MLFLOW_TRACKING_URI`",
        {"spec.model": {"source": {"uri": "models:/price@champion"}}},
        is_of_settings=True,
    ),
    Situation(
        "a pipeline of a model that does not exist",
        "ReferenceNotFound",
        "spec.steps[first].modelRef: InferenceModel nowhere does not exist in namespace"
        " NAMESPACE; create it, or change the step's modelRef",
        "create the model, or correct the reference",
        pipeline=_pipeline(),
        needs_cluster=False,
    ),
    Situation(
        "a pipeline that refers to itself",
        "InvalidSpec",
        "spec.steps[first].modelRef: found the pipeline itself, expected another resource; remove"
        " the step",
        "let the step refer to another resource",
        pipeline=_pipeline(
            modelRef={"kind": "EnsemblePipeline", "name": "a-pipeline-that-refers-to-itself"}
        ),
        needs_cluster=False,
    ),
    Situation(
        "two pipelines that refer to each other",
        "ReferenceCycle",
        "spec.steps[first].modelRef: EnsemblePipeline other-pipeline refers back to this pipeline"
        " (two-pipelines-that-refer-to-each-other -> other-pipeline ->"
        " two-pipelines-that-refer-to-each-other); change the modelRef of one of these pipelines",
        "let a step of one of them refer to another resource",
        pipeline=_pipeline(modelRef=_OTHER),
        objects=(
            {
                "apiVersion": "inference.aipx.io/v1alpha1",
                "kind": "EnsemblePipeline",
                "metadata": {"name": "other-pipeline"},
                "spec": _pipeline(
                    modelRef={
                        "kind": "EnsemblePipeline",
                        "name": "two-pipelines-that-refer-to-each-other",
                    }
                ),
            },
        ),
    ),
)
