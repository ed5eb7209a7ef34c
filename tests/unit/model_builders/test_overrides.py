"""configOverrides are merged last, and refused if they contradict the spec."""

from typing import Any

import pytest
from google.protobuf import text_format

from model_builders.config import model_config, parse_pbtxt
from model_builders.overrides import OVERRIDES, parse_written
from model_builders.problem import ConfigError
from tests.unit.model_builders.specs import onnx, spec


def merged(text: str, **changes: Any) -> Any:
    triton = {**changes.pop("triton", {}), "configOverrides": text}
    return model_config(spec(triton=triton, **changes), name="lstm", accelerated=True)


def plain(**changes: Any) -> Any:
    return model_config(spec(**changes), name="lstm", accelerated=True)


def with_added(config: Any, text: str) -> Any:
    config.MergeFrom(parse_pbtxt(text))
    return config


def test_a_field_that_the_spec_does_not_have_is_added() -> None:
    text = "model_transaction_policy { decoupled: true }"
    assert merged(text) == with_added(plain(), text)


def test_an_empty_text_changes_nothing() -> None:
    assert merged("# nothing yet\n") == plain()


def test_messages_are_merged() -> None:
    batching = {"dynamicBatching": {"preferredBatchSizes": [8]}}
    config = merged("dynamic_batching { max_queue_delay_microseconds: 100 }", triton=batching)
    assert list(config.dynamic_batching.preferred_batch_size) == [8]
    assert config.dynamic_batching.max_queue_delay_microseconds == 100


def test_maps_are_merged() -> None:
    config = merged(
        'parameters { key: "b" value { string_value: "2" } }', triton={"parameters": {"a": "1"}}
    )
    assert {k: v.string_value for k, v in config.parameters.items()} == {"a": "1", "b": "2"}


def test_inputs_are_merged_by_name() -> None:
    config = merged('input { name: "WINDOW__0" format: FORMAT_NCHW }')
    assert len(config.input) == 1
    assert config.input[0].format == 2
    assert list(config.input[0].dims) == [60, 5]


def test_tensors_that_the_spec_leaves_out_come_from_the_overrides() -> None:
    text = 'input { name: "dense/in:0" data_type: TYPE_FP32 dims: 5 }'
    config = merged(text, model_changes=onnx(inputs=None, outputs=None))
    assert [tensor.name for tensor in config.input] == ["dense/in:0"]


def test_lists_that_the_spec_leaves_out_come_from_the_overrides() -> None:
    text = 'instance_group { count: 1 rate_limiter { resources { name: "R" count: 4 } } }'
    assert merged(text) == with_added(plain(), text)


def test_a_field_of_the_spec_may_be_repeated() -> None:
    assert merged('name: "lstm" max_batch_size: 16 backend: "pytorch"') == plain()


def test_the_older_platform_takes_the_place_of_the_backend_it_stands_for() -> None:
    config = merged('platform: "pytorch_libtorch"')
    assert (config.platform, config.backend) == ("pytorch_libtorch", "")


def test_platform_and_backend_may_both_be_written() -> None:
    config = merged('platform: "pytorch_libtorch" backend: "pytorch"')
    assert (config.platform, config.backend) == ("pytorch_libtorch", "pytorch")


BATCHING = {"dynamicBatching": {"maxQueueDelay": "500us", "preserveOrdering": False}}
REFUSED = {
    "name": ('name: "other"', {}, "name", '"other"', '"lstm" as in model.name'),
    "backend": (
        'backend: "python"',
        {},
        "backend",
        '"python"',
        '"pytorch" as in model.format',
    ),
    "platform of another format": (
        'platform: "tensorrt_plan"',
        {},
        "platform",
        '"tensorrt_plan"',
        '"pytorch_libtorch" as in model.format',
    ),
    "batch size": (
        "max_batch_size: 32",
        {},
        "max_batch_size",
        "32",
        "16 as in model.maxBatchSize",
    ),
    "a zero is seen as well": (
        "max_batch_size: 0",
        {},
        "max_batch_size",
        "0",
        "16 as in model.maxBatchSize",
    ),
    "element type": (
        'input { name: "WINDOW__0" data_type: TYPE_FP16 }',
        {},
        "input[WINDOW__0].data_type",
        "TYPE_FP16",
        "TYPE_FP32 as in model.inputs[WINDOW__0].dataType",
    ),
    "dimensions": (
        'output { name: "PRICE__0" dims: [2] }',
        {},
        "output[PRICE__0].dims",
        "[2]",
        "[1] as in model.outputs[PRICE__0].shape",
    ),
    "an input that the spec does not have": (
        'input { name: "MASK__1" }',
        {},
        "input",
        '"MASK__1"',
        "one of WINDOW__0 as in model.inputs",
    ),
    "a number written in the spec": (
        "dynamic_batching { max_queue_delay_microseconds: 100 }",
        BATCHING,
        "dynamic_batching.max_queue_delay_microseconds",
        "100",
        "500 as in triton.dynamicBatching.maxQueueDelay",
    ),
    "a false written in the spec": (
        "dynamic_batching { preserve_ordering: true }",
        BATCHING,
        "dynamic_batching.preserve_ordering",
        "true",
        "false as in triton.dynamicBatching.preserveOrdering",
    ),
    "the other scheduler": (
        "sequence_batching { }",
        BATCHING,
        "sequence_batching",
        "sequence_batching",
        "dynamic_batching as in triton.dynamicBatching",
    ),
    "version policy": (
        "version_policy { all { } }",
        {"versionPolicy": {"latest": {"numVersions": 1}}},
        "version_policy.all",
        "all",
        "latest as in triton.versionPolicy",
    ),
    "a parameter": (
        'parameters { key: "a" value { string_value: "2" } }',
        {"parameters": {"a": "1"}},
        "parameters[a].string_value",
        "another value (not shown)",
        "the value as in triton.parameters[a]",
    ),
    "instance groups": (
        "instance_group { kind: KIND_CPU count: 1 }",
        {"instanceGroups": [{"count": 2}]},
        "instance_group",
        "[{ count: 1 kind: KIND_CPU }]",
        "[{ count: 2 kind: KIND_AUTO }] as in triton.instanceGroups",
    ),
}


@pytest.mark.parametrize(
    ("text", "triton", "field", "value", "expected"), REFUSED.values(), ids=REFUSED.keys()
)
def test_a_contradiction_names_both_sides(
    text: str, triton: dict[str, Any], field: str, value: str, expected: str
) -> None:
    with pytest.raises(ConfigError) as error:
        merged(text, triton=triton)
    owner = expected.rpartition(" as in ")[2]
    assert [str(problem) for problem in error.value.problems] == [
        f"spec.triton.configOverrides: {field}: found {value}, expected {expected}; write the value"
        f" that is meant into {owner}, and remove it from the overrides, which cannot contradict"
        " the spec"
    ]


def test_several_contradictions_are_all_reported() -> None:
    with pytest.raises(ConfigError) as error:
        merged('name: "x" max_batch_size: 1 backend: "onnxruntime"')
    assert len(error.value.problems) == 3


UNPARSEABLE = [
    ("a value that is none", "max_batch_size 8 8", 1, 16),
    ("a field that does not exist", "foo: 1", 1, 1),
    ("a number for a string", "\n  name: 5", 2, 9),
    ("an open brace", "dynamic_batching {", 1, 18),
    ("a field twice", 'name: "a" name: "b"', 1, 17),
    ("an enum that does not exist", "input { data_type: TYPE_FLOAT }", 1, 20),
]


@pytest.mark.parametrize(
    ("text", "line", "column"), [case[1:] for case in UNPARSEABLE], ids=[c[0] for c in UNPARSEABLE]
)
def test_text_that_is_no_config_is_refused_with_line_and_column(
    text: str, line: int, column: int
) -> None:
    with pytest.raises(ConfigError) as error:
        merged(text)
    assert f"spec.triton.configOverrides: found line {line}, column {column}: " in str(error.value)


def test_a_misspelt_field_is_suggested() -> None:
    with pytest.raises(ConfigError, match=r"did you mean preserve_ordering\?"):
        merged("dynamic_batching { preserve_ordring: true }")


def test_a_run_of_backslashes_is_refused_before_it_is_read() -> None:
    # 65,000 of them in one string took 13 s.
    with pytest.raises(ConfigError, match="more than 64 backslashes in a row"):
        parse_written('name: "' + "\\" * 65_000 + '"', OVERRIDES)


def test_backslashes_that_escape_each_other_are_read() -> None:
    assert parse_written('name: "' + "\\" * 64 + '"', OVERRIDES).name == "\\" * 32


def test_a_text_is_read_once_however_often_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    parse = text_format.Parse

    def counted(text: str, message: Any) -> Any:
        reads.append(text)
        return parse(text, message)

    monkeypatch.setattr(text_format, "Parse", counted)
    first = parse_written('name: "read once"', OVERRIDES)
    first.name = "changed by its reader"
    assert parse_written('name: "read once"', OVERRIDES).name == "read once"
    assert reads == ['name: "read once"']


def test_a_problem_does_not_quote_the_whole_text() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_written("x" * 60_000 + ": 1", OVERRIDES)
    assert len(str(caught.value)) < 1_000
