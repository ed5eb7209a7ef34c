"""The warnings of import about models that it imports and that the operator would refuse."""

from pathlib import Path

from tests.unit.model_builders.repositories import PYTHON, ensemble, imported, write


def test_a_python_environment_that_a_pod_would_not_have_is_said(tmp_path: Path) -> None:
    environment = """parameters { key: "EXECUTION_ENV_PATH"
      value { string_value: "$$TRITON_MODEL_DIRECTORY/env.tar.gz" } }"""
    write(tmp_path, "bars", PYTHON + environment, model_py="")
    (warning,) = imported(tmp_path).warnings
    assert warning.startswith(
        "bars: the operator will refuse it: spec.triton.parameters[EXECUTION_ENV_PATH]: found"
    )


def test_what_the_operator_would_refuse_is_said(tmp_path: Path) -> None:
    write(
        tmp_path, "bars", PYTHON.replace("dims: 1", "dims: 1 reshape { shape: 2 }", 1), model_py=""
    )
    (warning,) = imported(tmp_path).warnings
    assert warning.startswith("bars: the operator will refuse it: spec.model.inputs[0].reshape: ")


def test_overrides_that_triton_would_refuse_are_said(tmp_path: Path) -> None:
    start = 'control_input { name: "A" control { kind: CONTROL_SEQUENCE_START } }'
    write(tmp_path, "bars", f"{PYTHON} sequence_batching {{ {start} }}", model_py="")
    (warning,) = imported(tmp_path).warnings
    assert warning.startswith(
        "bars: the operator will refuse it: spec.triton.configOverrides:"
        " sequence_batching.control_input[A].control: found CONTROL_SEQUENCE_START with no values"
    )


def test_a_sample_for_a_model_of_text_ids_is_said(tmp_path: Path) -> None:
    ids = (
        'sequence_batching { control_input { name: "ID" control { kind: CONTROL_SEQUENCE_CORRID'
        " data_type: TYPE_STRING } } }"
    )
    name, *_ = (part.split('"')[1] for part in PYTHON.split("input")[1:])
    fields = "data_type: TYPE_FP32 dims: 1 zero_data: true"
    sample = f'model_warmup {{ batch_size: 1 inputs {{ key: "{name}" value {{ {fields} }} }} }}'
    write(tmp_path, "bars", f"{PYTHON} {ids} {sample}", model_py="")
    warnings = imported(tmp_path).warnings
    assert any("runs with the number 0 as the id of the sequence" in w for w in warnings)


def test_batching_without_batches_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "bars", f"{PYTHON} dynamic_batching {{ }}", model_py="")
    result = imported(tmp_path)
    assert (result.warnings, result.failures) == ([], [])
    assert "dynamic_batching" in result.manifests[0]["spec"]["triton"]["configOverrides"]


def test_a_graph_that_the_operator_would_refuse_is_said(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(
        tmp_path,
        "signal",
        ensemble().replace("TYPE_FP32", "TYPE_FP64", 1),
    )
    (warning,) = imported(tmp_path).warnings
    assert warning.startswith("signal: the operator will refuse it: spec.steps[bars]")
    assert "FP64" in warning


def test_a_full_queue_inside_an_ensemble_beside_a_step_is_said(tmp_path: Path) -> None:
    queue = "dynamic_batching { default_queue_policy { max_queue_size: 4 } }"
    write(tmp_path, "bars", f"max_batch_size: 8 {PYTHON} {queue}", model_py="")
    write(tmp_path, "inner", ensemble("max_batch_size: 8"))
    row = PYTHON.replace("TICKS", "IN").replace("BARS", "OUT")
    write(tmp_path, "row", f"max_batch_size: 8 {row}", model_py="")
    steps = "".join(
        f'''step {{ model_name: "{name}" model_version: -1
        input_map {{ key: "IN" value: "IN" }} output_map {{ key: "OUT" value: "{to}" }} }}'''
        for name, to in (("inner", "OUT"), ("row", "ROW"))
    )
    both = 'max_batch_size: 8 output { name: "ROW" data_type: TYPE_FP32 dims: 1 }'
    head, _, _ = ensemble(both).partition("ensemble_scheduling")
    write(tmp_path, "signal", f"{head} ensemble_scheduling {{ {steps} }}")

    (warning,) = imported(tmp_path).warnings

    assert warning.startswith("signal: the operator will refuse it: spec.steps[inner]: found")
    assert 'max_queue_size 4 of model "bars" in it' in warning
