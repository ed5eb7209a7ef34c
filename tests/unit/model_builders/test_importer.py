"""Hand-written Triton repositories become manifests, and render to the same config.pbtxt."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from inference_operator.api.ensemble_pipeline import EnsemblePipeline
from inference_operator.api.inference_model import InferenceModel
from model_builders.config import model_config, parse_pbtxt
from model_builders.ensemble import StepModel, ensemble_config
from model_builders.importer import Imported, ImportOptions, import_repository, resource_name
from model_builders.protobuf import ModelConfig
from tests.unit.model_builders.ensemble_fields import FOREIGN, Foreign

CORPUS = Path(__file__).parents[2] / "data" / "triton_repositories"
REPOSITORIES = sorted(path for path in CORPUS.iterdir() if path.is_dir())
HAND_WRITTEN = sorted(CORPUS.glob("*/*/config.pbtxt"))
PREFIX = "pvc://models/repository"


def imported(repository: Path, prefix: str = PREFIX, **options: Any) -> Imported:
    return import_repository(repository, ImportOptions(prefix, **options))


def served_name(manifest: dict[str, Any]) -> str:
    spec = manifest["spec"]
    return str(spec.get("model", spec).get("name", manifest["metadata"]["name"]))


def rendered(manifests: list[dict[str, Any]], original: ModelConfig) -> ModelConfig:
    """The config of the manifest that Triton knows as the original; steps pin as the original's."""
    names = {(m["kind"], m["metadata"]["name"]): served_name(m) for m in manifests}
    manifest = next(m for m in manifests if served_name(m) == original.name)
    if manifest["kind"] == "InferenceModel":
        model = InferenceModel.model_validate(manifest)
        return model_config(model.spec, name=original.name, accelerated=True)
    spec = EnsemblePipeline.model_validate(manifest).spec
    wanted = zip(spec.steps, original.ensemble_scheduling.step, strict=True)
    models = {
        step.name: StepModel(names[step.model_ref.kind, step.model_ref.name], one.model_version)
        for step, one in wanted
        if step.model_ref
    }
    return ensemble_config(spec, name=original.name, models=models)


def write(
    repository: Path, name: str, config: str, *, version: str = "1", **files: str | bytes
) -> None:
    folder = repository / name / version
    folder.mkdir(parents=True)
    (repository / name / "config.pbtxt").write_text(config)
    for file, content in files.items():
        path = folder / file.replace("_", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def clear_files(config: ModelConfig) -> None:
    """Take out what names files beside the versions: in the corpus, all labels and warm-up data."""
    for tensor in config.output:
        tensor.ClearField("label_filename")
    if any(tensor.input_data_file for s in config.model_warmup for tensor in s.inputs.values()):
        config.ClearField("model_warmup")


PYTHON = """backend: "python"
input { name: "TICKS" data_type: TYPE_FP32 dims: 1 }
output { name: "BARS" data_type: TYPE_FP32 dims: 1 }
"""


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(HAND_WRITTEN) >= 12


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda path: path.name)
def test_every_model_of_a_repository_is_imported(repository: Path) -> None:
    result = imported(repository)
    assert result.failures == []
    assert {served_name(m) for m in result.manifests} == {
        folder.name for folder in repository.iterdir()
    }


@pytest.mark.parametrize(
    "path", HAND_WRITTEN, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}"
)
def test_a_hand_written_config_renders_as_it_was(path: Path) -> None:
    original = parse_pbtxt(path.read_text())
    original.name = original.name or path.parent.name
    clear_files(original)
    for group in original.instance_group:
        group.count = group.count or 1
    assert rendered(imported(path.parent.parent).manifests, original) == original


@pytest.mark.parametrize("repository", REPOSITORIES, ids=lambda path: path.name)
def test_the_same_repository_gives_the_same_manifests(repository: Path) -> None:
    assert imported(repository).manifests == imported(repository).manifests


def test_what_has_a_field_of_its_own_is_not_left_to_overrides() -> None:
    manifests = imported(CORPUS / "trading").manifests
    lstm = next(m for m in manifests if m["metadata"]["name"] == "lstm-price")
    assert lstm["spec"]["triton"] == {
        "dynamicBatching": {"preferredBatchSizes": [16, 32], "maxQueueDelay": "500us"},
        "instanceGroups": [{"kind": "CPU", "count": 2}],
        "versionPolicy": {"latest": {"numVersions": 1}},
        "parameters": {"DISABLE_OPTIMIZED_EXECUTION": "true"},
        "configOverrides": 'platform: "pytorch_libtorch"\n',
    }


def test_what_has_no_field_goes_to_overrides_beside_what_has_one() -> None:
    manifests = imported(CORPUS / "vision").manifests
    detector = next(m for m in manifests if m["metadata"]["name"] == "chart-detector")
    assert detector["spec"]["triton"]["optimization"] == {
        "cudaGraphs": True,
        "eagerBatching": True,
    }
    assert "busy_wait_events: true" in detector["spec"]["triton"]["configOverrides"]
    assert "graphs" not in detector["spec"]["triton"]["configOverrides"]


@pytest.mark.parametrize(
    ("backend", "file", "kind", "expected"),
    [
        ("python", "model_py", "KIND_CPU", {"kind": "CPU", "count": 1}),
        ("pytorch", "model_pt", "KIND_GPU", {"kind": "GPU", "count": 1}),
        ("pytorch", "model_pt", "KIND_AUTO", {"count": 1}),
        ("onnxruntime", "model_onnx", "KIND_CPU", {"kind": "CPU", "count": 2}),
        ("onnxruntime", "model_onnx", "KIND_GPU", {"kind": "GPU", "count": 1}),
    ],
)
def test_instances_without_a_count_are_as_many_as_tritons(
    backend: str, file: str, kind: str, expected: dict[str, Any], tmp_path: Path
) -> None:
    config = PYTHON.replace('"python"', f'"{backend}"')
    write(tmp_path, "bars", f"{config} instance_group {{ kind: {kind} }}", **{file: ""})
    (manifest,) = imported(tmp_path).manifests
    assert manifest["spec"]["triton"] == {"instanceGroups": [expected]}


def test_instances_of_onnx_that_may_run_on_either_are_left_to_triton(tmp_path: Path) -> None:
    config = PYTHON.replace('"python"', '"onnxruntime"')
    write(tmp_path, "bars", f"{config} instance_group {{ }}", model_onnx="")
    (manifest,) = imported(tmp_path).manifests
    assert manifest["spec"]["triton"] == {"configOverrides": "instance_group {\n}\n"}


def test_an_ensembles_steps_refer_to_the_imported_resources() -> None:
    manifests = imported(CORPUS / "trading").manifests
    signal = next(m for m in manifests if m["metadata"]["name"] == "signal")
    assert signal["kind"] == "EnsemblePipeline"
    assert [step["modelRef"] for step in signal["spec"]["steps"]] == [
        {"name": "lstm-price"},
        {"name": "text-sentiment", "kind": "EnsemblePipeline"},
    ]


def test_models_come_before_the_ensembles_that_need_them() -> None:
    kinds = [m["kind"] for m in imported(CORPUS / "trading").manifests]
    assert kinds == ["InferenceModel"] * 3 + ["EnsemblePipeline"] * 2


def test_a_model_that_runs_on_gpus_asks_for_them() -> None:
    specs = {m["metadata"]["name"]: m["spec"] for m in imported(CORPUS / "vision").manifests}
    assert specs["chart-detector"]["accelerator"] == {"count": 2}
    assert specs["chart-embedder"]["accelerator"] == {"count": 1}
    assert specs["chart-ocr"]["accelerator"] == {"count": 1}


def test_a_model_that_does_not_say_where_it_runs_gets_the_gpus_of_the_option() -> None:
    specs = {
        m["metadata"]["name"]: m["spec"] for m in imported(CORPUS / "trading", gpus=1).manifests
    }
    assert specs["sentiment"]["accelerator"] == {"count": 1}
    assert "accelerator" not in specs["lstm-price"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lstm_price", "lstm-price"),
        ("Greeks.v2", "greeks-v2"),
        ("chart-embedder", "chart-embedder"),
        ("__a__b__", "a-b"),
        ("3d_model", "d-model"),
        ("x" * 80, "x" * 52),
        ("42", ""),
    ],
)
def test_a_resource_is_called_as_kubernetes_can(name: str, expected: str) -> None:
    assert resource_name(name) == expected


def test_the_name_that_kubernetes_cannot_hold_is_kept_for_triton(tmp_path: Path) -> None:
    write(tmp_path, "lstm_price", PYTHON, model_py="")
    (manifest,) = imported(tmp_path).manifests
    assert manifest["metadata"] == {"name": "lstm-price"}
    assert manifest["spec"]["model"]["name"] == "lstm_price"


def test_two_models_whose_names_become_one_are_kept_apart(tmp_path: Path) -> None:
    for name in ("bar.maker", "bar_maker"):
        write(tmp_path, name, PYTHON, model_py="")
    result = imported(tmp_path)
    assert [m["metadata"]["name"] for m in result.manifests] == ["bar-maker", "bar-maker-2"]
    assert result.warnings == [
        "bar_maker: the resource is called bar-maker-2, since bar-maker is taken"
    ]


def test_a_single_file_is_the_source_and_pinned(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, version="4", model_py=b"pass")
    (manifest,) = imported(tmp_path).manifests
    assert manifest["spec"]["model"]["source"] == {
        "uri": "pvc://models/repository/bars/4/model.py",
        "sha256": hashlib.sha256(b"pass").hexdigest(),
    }


def test_several_files_are_the_folder_and_pinned_by_its_digest(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="pass", clean_py="pass")
    (manifest,) = imported(tmp_path, folder_digest=lambda _: "f" * 64).manifests
    assert manifest["spec"]["model"]["source"] == {
        "uri": "pvc://models/repository/bars/1",
        "sha256": "f" * 64,
    }


@pytest.mark.parametrize("prefix", ["s3://models/repository", "gs://models/repository/"])
def test_a_folder_in_a_bucket_ends_in_a_slash(prefix: str, tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="pass", clean_py="pass")
    (manifest,) = imported(tmp_path, prefix=prefix).manifests
    assert manifest["spec"]["model"]["source"] == {"uri": f"{prefix.rstrip('/')}/bars/1/"}


def test_several_files_behind_https_are_to_be_packed(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="pass", clean_py="pass")
    result = imported(tmp_path, prefix="https://models.example/repo/")
    assert result.manifests[0]["spec"]["model"]["source"] == {
        "uri": "https://models.example/repo/bars/1.tar.gz"
    }
    assert result.warnings == [
        "bars: version 1 has several files: pack them with `tar -C bars/1 -czf bars/1.tar.gz .`"
        " and upload that"
    ]


def test_the_namespace_is_the_options(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    (manifest,) = imported(tmp_path, namespace="trading").manifests
    assert manifest["metadata"] == {"name": "bars", "namespace": "trading"}


def test_only_the_highest_version_is_imported_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, version="9", model_py="")
    (tmp_path / "bars" / "10").mkdir()
    (tmp_path / "bars" / "10" / "model.py").write_text("")
    result = imported(tmp_path)
    assert result.manifests[0]["spec"]["model"]["source"]["uri"].endswith("/bars/10/model.py")
    assert result.warnings == [
        "bars: only version 10 is imported, not 9: an InferenceModel serves one version"
    ]


def test_files_beside_the_versions_are_said_to_be_left_behind(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    (tmp_path / "bars" / "labels.txt").write_text("up\ndown\n")
    assert imported(tmp_path).warnings == [
        "bars: not imported: labels.txt; files beside the version folders (labels, warm-up data)"
        " have no place in a source"
    ]


LABELS = PYTHON.replace('"BARS"', '"BARS" label_filename: "{}"')


def kept_config(manifest: dict[str, Any]) -> ModelConfig:
    spec = InferenceModel.model_validate(manifest).spec
    return model_config(spec, name="bars", accelerated=True)


def test_labels_that_a_pod_would_not_have_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "bars", LABELS.replace("{}", "labels.txt"), version="3", model_py="")
    (tmp_path / "bars" / "labels.txt").write_text("up")
    result = imported(tmp_path)
    assert kept_config(result.manifests[0]).output[0].label_filename == ""
    assert result.warnings[1:] == [
        'bars: label_filename "labels.txt" of output BARS is left out, since the pod would not have'
        " it: classifications come without labels; to keep them, put the file into the folder 3 and"
        ' write label_filename: "1/labels.txt"'
    ]


def test_labels_in_the_folder_of_the_version_are_kept(tmp_path: Path) -> None:
    write(tmp_path, "bars", LABELS.replace("{}", "1/up.txt"), version="3", model_py="", up_txt="up")
    result = imported(tmp_path)
    assert kept_config(result.manifests[0]).output[0].label_filename == "1/up.txt"
    assert result.warnings == []


@pytest.mark.parametrize(
    "case", [case for case in FOREIGN if case.triton is None], ids=lambda case: case.field
)
def test_what_triton_passes_over_in_an_ensemble_is_left_out(case: Foreign, tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "signal", ensemble(case.text))

    result = imported(tmp_path)

    assert result.failures == []
    assert result.warnings == [
        f"signal: {case.field} is left out: Triton does not read it in an ensemble"
    ]
    assert "triton" not in result.manifests[-1]["spec"]


def test_labels_of_an_ensemble_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    labels = ensemble().replace('"OUT" data_type', '"OUT" label_filename: "up.txt" data_type', 1)
    write(tmp_path, "signal", labels)
    result = imported(tmp_path)
    assert "triton" not in result.manifests[1]["spec"]
    assert result.warnings == [
        'signal: label_filename "up.txt" of output OUT is left out, since the pod would not have'
        " it: classifications come without labels"
    ]


def test_warm_up_from_files_is_left_out_and_other_warm_up_is_kept(tmp_path: Path) -> None:
    samples = "".join(
        f"""model_warmup {{ name: "{name}" batch_size: 1 inputs {{ key: "TICKS" value {{
        data_type: TYPE_FP32 dims: 1 {data} }} }} }}"""
        for name, data in (("day", 'input_data_file: "day.bin"'), ("none", "zero_data: true"))
    )
    write(tmp_path, "bars", PYTHON + samples, model_py="")
    result = imported(tmp_path)
    assert [s.name for s in kept_config(result.manifests[0]).model_warmup] == ["none"]
    assert result.warnings == [
        'bars: model_warmup "day" is left out, since the pod would not have warmup/day.bin: the'
        " first requests may be slower; zero_data or random_data can stay"
    ]


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


def test_the_size_of_a_cache_is_said_to_be_a_guess() -> None:
    warnings = imported(CORPUS / "streams").warnings
    assert any(w.startswith("Greeks.v2: responseCache.size is set to 64Mi") for w in warnings)


def test_a_step_that_asks_for_another_version_than_the_imported_one_is_said() -> None:
    warnings = imported(CORPUS / "desk").warnings
    assert [w for w in warnings if w.startswith("desk_signal: ")] == [
        f"desk_signal: ensemble_scheduling.step[{step}] asks for version 3 of momentum, and version"
        " 7 was imported: the operator pins the version that is stable"
        for step in (1, 2)
    ]


def two_bars(first: int, second: int) -> str:
    """An ensemble that runs `bars` twice, at two versions."""
    steps = "".join(
        f"""step {{ model_name: "bars" model_version: {version}
          input_map {{ key: "TICKS" value: "{given}" }}
          output_map {{ key: "BARS" value: "{made}" }} }}"""
        for version, given, made in ((first, "IN", "between"), (second, "between", "OUT"))
    )
    head, _, _ = ensemble().partition("ensemble_scheduling")
    return f"{head} ensemble_scheduling {{ {steps} }}"


@pytest.mark.parametrize(
    ("versions", "found", "step"),
    [
        ((1, 4), "version 1 (step[0]) and version 4 (step[1])", 0),
        ((4, 1), "version 4 (step[0]) and version 1 (step[1])", 1),
        ((-1, 1), "version 4 (step[0]) and version 1 (step[1])", 1),
    ],
    ids=["both are numbers", "the imported one first", "one is the newest"],
)
def test_two_versions_of_one_model_are_not_imported(
    versions: tuple[int, int], found: str, step: int, tmp_path: Path
) -> None:
    write(tmp_path, "bars", PYTHON, version="4", model_py="")
    write(tmp_path, "signal", two_bars(*versions))
    result = imported(tmp_path)
    assert [m["metadata"]["name"] for m in result.manifests] == ["bars"]
    assert result.failures == [
        f"signal: found {found} of bars in ensemble_scheduling, expected one version of each model,"
        " since a pipeline pins the stable one: copy version 1 to a folder with a config.pbtxt of"
        f" its own, such as bars_1, let step[{step}] name that, and import again"
    ]


@pytest.mark.parametrize("versions", [(4, 4), (-1, 4), (-1, -1), (1, 1)], ids=str)
def test_one_version_of_a_model_in_two_steps_is_imported(
    versions: tuple[int, int], tmp_path: Path
) -> None:
    write(tmp_path, "bars", PYTHON, version="4", model_py="")
    write(tmp_path, "signal", two_bars(*versions))
    assert imported(tmp_path).failures == []


def test_a_second_version_under_a_name_of_its_own_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, version="4", model_py="")
    write(tmp_path, "bars_1", PYTHON, model_py="")
    config = two_bars(-1, -1)
    first, _, second = config.rpartition('model_name: "bars"')
    write(tmp_path, "signal", f'{first}model_name: "bars_1"{second}')
    result = imported(tmp_path)
    assert (result.failures, result.warnings) == ([], [])
    steps = result.manifests[-1]["spec"]["steps"]
    assert [step["modelRef"]["name"] for step in steps] == ["bars", "bars-1"]


def test_one_model_in_two_steps_is_referred_to_twice() -> None:
    manifests = imported(CORPUS / "desk").manifests
    desk = next(m for m in manifests if m["metadata"]["name"] == "desk-signal")
    refs = {step["name"]: step["modelRef"]["name"] for step in desk["spec"]["steps"]}
    assert refs["momentum"] == refs["momentum-2"] == "momentum"


def test_what_a_pipeline_has_no_field_for_goes_to_its_overrides() -> None:
    manifests = imported(CORPUS / "desk").manifests
    triton = next(m for m in manifests if m["metadata"]["name"] == "desk-signal")["spec"]["triton"]
    assert set(triton) == {"parameters", "configOverrides"}
    assert "metric_tags" in triton["configOverrides"]
    assert "version_policy" in triton["configOverrides"]


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


def ensemble(more: str = "", *, platform: str = 'platform: "ensemble"') -> str:
    return f"""{platform} {more}
    input {{ name: "IN" data_type: TYPE_FP32 dims: 1 }}
    output {{ name: "OUT" data_type: TYPE_FP32 dims: 1 }}
    ensemble_scheduling {{ step {{ model_name: "bars" model_version: -1
      input_map {{ key: "TICKS" value: "IN" }} output_map {{ key: "BARS" value: "OUT" }} }} }}"""


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
        "found a ring of steps, signal -> signal, expected steps that do not lead back to the"
        " ensemble; Triton does not load it: take one of them out",
    ),
    "a version of its own": (
        ensemble("version_policy { specific { versions: 2 } }"),
        "found version_policy { specific } in an ensemble, expected none or latest",
    ),
}


@pytest.mark.parametrize(
    ("config", "sentence"), REFUSED_ENSEMBLES.values(), ids=REFUSED_ENSEMBLES.keys()
)
def test_an_ensemble_that_triton_would_not_load_is_not_imported(
    config: str, sentence: str, tmp_path: Path
) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "signal", config)
    result = imported(tmp_path)
    assert [m["metadata"]["name"] for m in result.manifests] == ["bars"]
    (failure,) = result.failures
    assert failure.startswith("signal: ")
    assert sentence in failure


def step_of(model: str) -> str:
    """An ensemble whose only step is an ensemble."""
    tensors = ensemble().replace('"bars"', f'"{model}"')
    return tensors.replace('"TICKS"', '"IN"').replace('"BARS"', '"OUT"')


def test_ensembles_that_lead_back_to_themselves_are_a_ring(tmp_path: Path) -> None:
    for name, step in (("a", "b"), ("b", "c"), ("c", "a"), ("outside", "b")):
        write(tmp_path, name, step_of(step))
    failures = {f.partition(": ")[0]: f for f in imported(tmp_path).failures}
    assert "found a ring of steps, a -> b -> c -> a, expected" in failures["a"]
    assert "found a ring of steps, c -> a -> b -> c, expected" in failures["c"]
    assert failures["outside"] == (
        "outside: found a step of model b, which was not imported, expected one that was; mend"
        " that model first"
    )


def test_an_ensemble_with_a_step_that_failed_names_it(tmp_path: Path) -> None:
    write(tmp_path, "bars", 'backend: "python"', model_py="")
    write(tmp_path, "signal", ensemble())
    assert imported(tmp_path).failures[1] == (
        "signal: found a step of model bars, which was not imported, expected one that was; mend"
        " that model first"
    )


def test_an_ensemble_of_more_steps_than_a_pipeline_may_have_says_so(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    step = ensemble().partition("ensemble_scheduling {")[2].rpartition("}")[0]
    write(tmp_path, "signal", ensemble().replace(step, step * 40))
    (failure,) = imported(tmp_path).failures
    assert failure.startswith("signal: spec.steps: found 40")


def test_an_ensemble_without_anything_of_its_own_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "signal", ensemble())
    result = imported(tmp_path)
    assert (result.failures, result.warnings) == ([], [])
    assert "triton" not in result.manifests[1]["spec"]


FAILURES = {
    "a config that does not parse": (
        'backend: "python"\nmax_batchsize: 8',
        {"model_py": ""},
        'found line 2, column 1: Message type "inference.ModelConfig" has no field named'
        ' "max_batchsize"',
    ),
    "a byte order mark": (
        f"\ufeff{PYTHON}",
        {"model_py": ""},
        "found a byte order mark at the beginning of its config.pbtxt, expected none: Triton does"
        " not load such a model; save it as UTF-8 without a BOM",
    ),
    "a backend without a format": (
        'platform: "tensorflow_savedmodel"',
        {"model_py": ""},
        'found platform "tensorflow_savedmodel", expected one of the backends pytorch,'
        " onnxruntime, tensorrt, python",
    ),
    "a platform that another backend runs": (
        'platform: "pytorch_aoti" backend: "pytorch"',
        {"model_pt2": ""},
        'found backend "pytorch" and platform "pytorch_aoti", expected one of the backends',
    ),
    "files of no known backend": (
        "",
        {"model_bin": ""},
        "found no backend, and no file of a known one, expected one of the backends",
    ),
    "another name than the folder's": (
        f'name: "other" {PYTHON}',
        {"model_py": ""},
        'found name: "other" in its config.pbtxt, expected the folder\'s name',
    ),
    "no main file": (PYTHON, {"other_py": ""}, "found other.py in version 1, expected model.py"),
    "no tensors of a python model": (
        'backend: "python"',
        {"model_py": ""},
        "found no inputs or no outputs, expected both for a python model",
    ),
    "a tensor without a type": (
        'backend: "python" input { name: "a" dims: 1 } output { name: "b" dims: 1 }',
        {"model_py": ""},
        'spec.model.inputs[0].dataType: found "TYPE_INVALID", expected BOOL, ',
    ),
    "a step of a model that is not there": (
        'platform: "ensemble" ensemble_scheduling { step { model_name: "lstm" } }',
        {},
        'found a step of model "lstm", expected a model that was imported from this repository'
        " (there is none); import it as well",
    ),
}


@pytest.mark.parametrize(("config", "files", "sentence"), FAILURES.values(), ids=FAILURES.keys())
def test_a_model_that_cannot_be_imported_says_why(
    config: str, files: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    write(tmp_path, "bars", config, **files)
    result = imported(tmp_path)
    assert result.manifests == []
    (failure,) = result.failures
    assert failure.startswith("bars: ")
    assert sentence in failure


def test_a_config_in_another_encoding_says_where(tmp_path: Path) -> None:
    (tmp_path / "bars" / "1").mkdir(parents=True)
    (tmp_path / "bars" / "config.pbtxt").write_bytes(b"# g\xfcnstig")
    assert imported(tmp_path).failures == [
        "bars: found byte 0xfc at 3 of its config.pbtxt, expected UTF-8; save it as that"
    ]


def test_a_model_without_versions_says_so(tmp_path: Path) -> None:
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "config.pbtxt").write_text(PYTHON)
    assert imported(tmp_path).failures == [
        "bars: found no version folder, expected one such as 1; add the artifact"
    ]


def test_a_failure_leaves_the_other_models_alone(tmp_path: Path) -> None:
    write(tmp_path, "bars", PYTHON, model_py="")
    write(tmp_path, "broken", "}", model_py="")
    result = imported(tmp_path)
    assert [m["metadata"]["name"] for m in result.manifests] == ["bars"]
    assert len(result.failures) == 1


def test_overrides_that_are_too_long_for_the_api_are_said(tmp_path: Path) -> None:
    tags = "".join(f'metric_tags {{ key: "{n}" value: "{"x" * 90}" }}' for n in range(700))
    write(tmp_path, "bars", PYTHON + tags, model_py="")
    (failure,) = imported(tmp_path).failures
    assert "spec.triton.configOverrides: " in failure
