"""Configurations of warm-up samples, and of metrics."""

from tests.unit.model_builders.triton_config_table.row import ONNX, Accepted, Judge, Refused, tensor


def sample(inputs: str, fields: str = "batch_size: 1") -> str:
    return f'model_warmup {{ name: "w" {fields} {inputs} }}'


def warm(name: str = "X", fields: str = "data_type: TYPE_FP32 dims: 2 zero_data: true") -> str:
    return f'inputs {{ key: "{name}" value {{ {fields} }} }} '


def metric(text: str) -> str:
    return f"model_metrics {{ metric_control {{ {text} }} }}"


_FAMILY = 'metric_identifier { family: "nv_inference_first_response_histogram_ms" } '
_BUCKETS = "model_metrics.metric_control[0].histogram_options.buckets"
_METRICS = "core, ValidateModelMetrics; the local Triton has no model_metrics"
VARIABLE = {"inputs": [tensor("X", [-1])], "outputs": [tensor("Y", [-1])]}

REFUSED: dict[str, Refused] = {
    "a sample of another input": Refused(
        sample(warm("nope")), at="model_warmup[0].inputs", says="missing required input(s) ['X']"
    ),
    "a sample of another input of ONNX": Refused(
        sample(warm("nope")),
        model=ONNX,
        at="model_warmup[0].inputs[nope]",
        says="missing required input(s) ['X']",
    ),
    "a sample with an input too much of ONNX": Refused(
        sample(warm() + warm("nope")),
        model=ONNX,
        at="model_warmup[0].inputs[nope]",
        says="onnxruntime_backend, SetInputTensors",
        judge=Judge.SOURCE,
    ),
    "a sample without inputs": Refused(
        sample(""), at="model_warmup[0].inputs", says="missing required input(s) ['X']"
    ),
    "a sample without one of the inputs": Refused(
        sample(warm()),
        model={"inputs": [tensor("X", [2]), tensor("Z", [2])]},
        at="model_warmup[0].inputs",
        says="missing required input(s) ['Z']",
    ),
    "a sample of another type": Refused(
        sample(warm(fields="data_type: TYPE_FP16 dims: 2 zero_data: true")),
        at="model_warmup[0].inputs[X].data_type",
        says="data-type is 'FP16', but model",
    ),
    "a sample without a type": Refused(
        sample(warm(fields="dims: 2 zero_data: true")),
        at="model_warmup[0].inputs[X].data_type",
        says="data-type is '<invalid>', but model",
    ),
    "a sample of another shape": Refused(
        sample(warm(fields="data_type: TYPE_FP32 dims: 3 zero_data: true")),
        at="model_warmup[0].inputs[X].dims",
        says="unexpected shape for input 'X'",
    ),
    "a sample with the batch in its shape": Refused(
        sample(warm(fields="data_type: TYPE_FP32 dims: [1, 2] zero_data: true")),
        at="model_warmup[0].inputs[X].dims",
        says="unexpected shape for input 'X'",
    ),
    "a sample of a variable size": Refused(
        sample(warm(fields="data_type: TYPE_FP32 dims: -1 zero_data: true")),
        model=VARIABLE,
        at="model_warmup[0].inputs[X].dims",
        says="expects all variable-size dimensions are specified",
    ),
    "a sample without data": Refused(
        sample(warm(fields="data_type: TYPE_FP32 dims: 2")),
        at="model_warmup[0].inputs[X]",
        says="to have input_data_type set",
    ),
    "a sample with an extra input without a type": Refused(
        sample(warm() + warm("extra", "dims: 2 zero_data: true")),
        at="model_warmup[0].inputs[extra].data_type",
        says="Dtype is invalid",
        judge=Judge.DEATH,
    ),
    "a sample of more bytes than Triton can count": Refused(
        sample(
            warm() + warm("extra", "data_type: TYPE_FP32 dims: 9223372036854775807 zero_data: true")
        ),
        at="model_warmup[0].inputs[extra].dims",
        says="got 18446744073709551612",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "a sample larger than a batch": Refused(
        sample(warm(), "batch_size: 9"),
        at="model_warmup[0].batch_size",
        says="max allowed is 8",
        judge=Judge.LOAD_OR_DEATH,
    ),
    "a sample of two for a model without batches": Refused(
        sample(warm(), "batch_size: 2"),
        model={"maxBatchSize": 0},
        at="model_warmup[0].batch_size",
        says="Failed to",
        judge=Judge.SOURCE,
    ),
    "the second of two samples": Refused(
        sample(warm()) + sample(warm("Z")),
        at="model_warmup[1].inputs",
        says="missing required input(s) ['X']",
    ),
    "a metric without bounds": Refused(
        metric(f"{_FAMILY} histogram_options {{ }}"),
        at=_BUCKETS,
        says=_METRICS,
        judge=Judge.SOURCE,
    ),
    "a metric without options": Refused(
        metric(_FAMILY), at=_BUCKETS, says=_METRICS, judge=Judge.SOURCE
    ),
    "a metric without a name": Refused(
        metric("histogram_options { buckets: [1, 2] }"),
        at="model_metrics.metric_control[0].metric_identifier.family",
        says=_METRICS,
        judge=Judge.SOURCE,
    ),
    "a metric whose bounds do not ascend": Refused(
        metric(f"{_FAMILY} histogram_options {{ buckets: [2, 1] }}"),
        at=_BUCKETS,
        says="prometheus-cpp, Histogram",
        judge=Judge.SOURCE,
    ),
}

ACCEPTED: dict[str, Accepted] = {
    "a sample like a request": Accepted(sample(warm(), "batch_size: 8 count: 2")),
    "a sample of noise": Accepted(
        sample(warm(fields="data_type: TYPE_FP32 dims: 2 random_data: true"))
    ),
    "a sample without a name": Accepted(f"model_warmup {{ batch_size: 1 {warm()} }}"),
    "a sample that Triton skips": Accepted(
        sample(warm("nope", "data_type: TYPE_FP16 dims: 3"), "batch_size: 0")
    ),
    "a sample with an input too much of Python": Accepted(sample(warm() + warm("extra"))),
    "a sample with a control": Accepted(
        sample(warm() + warm("A", "data_type: TYPE_FP32 dims: 1 zero_data: true"))
        + ' sequence_batching { control_input { name: "A" control { kind: CONTROL_SEQUENCE_START'
        " fp32_false_true: [0, 1] } } }"
    ),
    "a sample without the optional input": Accepted(
        sample(warm()), model={"inputs": [tensor("X", [2]), tensor("Z", [2], optional=True)]}
    ),
    "a sample of one size for a variable one": Accepted(
        sample(warm(fields="data_type: TYPE_FP32 dims: 2 zero_data: true")), model=VARIABLE
    ),
    "a metric with bounds": Accepted(
        metric(f"{_FAMILY} histogram_options {{ buckets: [1, 2.5, 10] }}"), judge=Judge.SOURCE
    ),
}
