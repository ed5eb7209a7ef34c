"""Any config of the supported backends survives the way through a manifest and back."""

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from inference_operator.api.ensemble_pipeline import EnsemblePipelineSpec, ReferenceKind
from inference_operator.api.inference_model import InferenceModelSpec
from inference_operator.api.model import DESCRIBE_THEMSELVES, ModelFormat
from model_builders.config import config_pbtxt, model_config, parse_pbtxt
from model_builders.ensemble import StepModel, ensemble_config
from model_builders.importing.ensembles import Served, ensemble_spec
from model_builders.importing.model import Serving, model_spec, normalised
from model_builders.names import BACKENDS, Backend
from model_builders.protobuf import DataType, ModelConfig, model_config_pb2
from tests.examples import examples

# Fields that decide what the config is at all, or that the API's own rules tie to others: drawn by
# hand below. Everything else is drawn from Triton's schema.
CHOSEN = {
    "name",
    "backend",
    "platform",
    "max_batch_size",
    "input",
    "output",
    "default_model_filename",
}
LEFT_OUT = {"dynamic_batching", "ensemble_scheduling", "version_policy", "instance_group"}
SOURCE = {"uri": "pvc://models/prices/model.bin"}
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)
KINDS = {
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "double": st.floats(allow_nan=False),
    "float": st.floats(allow_nan=False, width=32),
}
SMALL = st.integers(0, 20)
CUSTOM = [
    Backend("fil", None, "xgboost.json"),
    Backend("dali", "dali_pipeline", "model.dali"),
    Backend("tensorflow", "tensorflow_savedmodel", "model.savedmodel"),
    Backend("pytorch", "pytorch_aoti", "model.pt2"),
]


def scalar(field: Any) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    if field.cpp_type == field.CPPTYPE_BOOL:
        return st.booleans()
    if field.cpp_type == field.CPPTYPE_STRING:
        return WORDS
    numbers = {
        field.CPPTYPE_INT32: KINDS["int32"],
        field.CPPTYPE_INT64: KINDS["int64"],
        field.CPPTYPE_UINT32: KINDS["uint32"],
        field.CPPTYPE_UINT64: KINDS["uint64"],
        field.CPPTYPE_DOUBLE: KINDS["double"],
        field.CPPTYPE_FLOAT: KINDS["float"],
    }
    return SMALL if field.cpp_type != field.CPPTYPE_FLOAT else numbers[field.cpp_type]


@st.composite
def filled(draw: st.DrawFn, message: Any, depth: int = 0) -> Any:
    """Draw a message with some fields set, at most two levels of lists deep."""
    for field in message.DESCRIPTOR.fields:
        if depth == 0 and field.name in CHOSEN | LEFT_OUT:
            continue
        if depth < 5 and draw(st.integers(0, 2 if depth else 3)) == 0:
            draw(fill_field(message, field, depth))
    return message


@st.composite
def fill_field(draw: st.DrawFn, message: Any, field: Any, depth: int) -> None:
    value = getattr(message, field.name)
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        for _ in range(draw(st.integers(1, 2))):
            key = draw(scalar(kind.fields_by_name["key"]))
            entry = kind.fields_by_name["value"]
            if entry.message_type is not None:
                draw(filled(value[key], depth + 1))
            else:
                value[key] = draw(scalar(entry))
    elif field.is_repeated and kind is not None:
        for _ in range(draw(st.integers(1, 2))):
            draw(filled(value.add(), depth + 1))
    elif field.is_repeated:
        value.extend(draw(st.lists(scalar(field), min_size=1, max_size=3)))
    elif kind is not None:
        value.SetInParent()
        draw(filled(value, depth + 1))
    else:
        setattr(message, field.name, draw(scalar(field)))


DIMS = st.lists(st.integers(1, 512) | st.just(-1), min_size=1, max_size=4)
TENSOR_TYPES = [number for number in DataType.values() if number != DataType.Value("TYPE_INVALID")]


@st.composite
def tensors(
    draw: st.DrawFn,
    field: Any,
    flags: tuple[str, ...] = ("optional", "allow_ragged_batch", "is_shape_tensor"),
) -> None:
    for index in range(draw(st.integers(1, 3))):
        tensor = field.add(name=f"T__{index}", data_type=draw(st.sampled_from(TENSOR_TYPES)))
        tensor.dims.extend(draw(DIMS))
        if draw(st.booleans()):
            tensor.reshape.shape.extend(draw(DIMS))
        for flag in flags:
            if flag in tensor.DESCRIPTOR.fields_by_name and draw(st.booleans()):
                setattr(tensor, flag, True)


@st.composite
def instance_groups(draw: st.DrawFn, config: Any) -> None:
    for _ in range(draw(st.integers(0, 3))):
        group = config.instance_group.add(kind=draw(st.sampled_from([0, 1, 2, 3])))
        group.count = draw(st.integers(0, 4))
        if group.kind == model_config_pb2.ModelInstanceGroup.KIND_GPU:
            group.gpus.extend(draw(st.lists(st.integers(0, 7), max_size=3)))
        if draw(st.booleans()):
            group.rate_limiter.priority = draw(SMALL)
        group.name = draw(WORDS)


@st.composite
def batching(draw: st.DrawFn, config: Any) -> None:
    config.dynamic_batching.SetInParent()
    draw(filled(config.dynamic_batching, 1))
    sizes = config.dynamic_batching.preferred_batch_size
    kept = [size for size in sizes if 1 <= size <= config.max_batch_size]
    del sizes[:]
    sizes.extend(kept)


@st.composite
def version_policy(draw: st.DrawFn, config: Any) -> None:
    choice = draw(st.sampled_from(["none", "latest", "all", "specific"]))
    if choice == "latest":
        config.version_policy.latest.num_versions = draw(SMALL)
    elif choice == "all":
        config.version_policy.all.SetInParent()
    elif choice == "specific":
        config.version_policy.specific.versions.extend(
            draw(st.lists(st.integers(1, 9), max_size=3))
        )


@st.composite
def configs(draw: st.DrawFn) -> tuple[ModelFormat, Any]:
    model_format = draw(st.sampled_from(ModelFormat))
    backend = BACKENDS.get(model_format, draw(st.sampled_from(CUSTOM)))
    config = ModelConfig(name="prices")
    declared = draw(st.sampled_from(["backend", "platform", "both", "neither"]))
    if model_format is ModelFormat.CUSTOM and backend.name != "tensorflow":
        declared = draw(st.sampled_from(["backend", "both"]))
    if declared in ("backend", "both"):
        config.backend = backend.name
    if declared in ("platform", "both") and backend.platform:
        config.platform = backend.platform
    if draw(st.booleans()):
        config.default_model_filename = "prices.bin"
    config.max_batch_size = draw(st.integers(0, 64))
    describes_itself = model_format in DESCRIBE_THEMSELVES
    for field in (config.input, config.output):
        if not describes_itself or draw(st.booleans()):
            draw(tensors(field))
    draw(filled(config))
    draw(instance_groups(config))
    draw(version_policy(config))
    if config.max_batch_size and draw(st.booleans()):
        draw(batching(config))
    return model_format, config


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(configs())
def test_any_config_renders_as_it_was_imported(drawn: tuple[ModelFormat, Any]) -> None:
    model_format, config = drawn
    assume(config.ByteSize() < 4000)
    spec = model_spec(config, model_format, Serving("prices", "prices", SOURCE))
    rendered = model_config(
        InferenceModelSpec.model_validate(spec), name="prices", accelerated=True
    )
    assert rendered == normalised(config, model_format, "prices")
    assert parse_pbtxt(config_pbtxt(rendered)) == rendered


@st.composite
def ensembles(draw: st.DrawFn) -> Any:
    config = ModelConfig(name="prices", platform="ensemble")
    config.max_batch_size = draw(st.integers(0, 64))
    for field in (config.input, config.output):
        draw(tensors(field, ("optional", "allow_ragged_batch")))
    versions = {name: draw(st.integers(1, 9) | st.just(-1)) for name in SERVED}
    for _ in range(draw(st.integers(1, 4))):
        step = config.ensemble_scheduling.step.add()
        step.model_name = draw(st.sampled_from(sorted(SERVED)))
        step.model_version = versions[step.model_name]
        for names in (step.input_map, step.output_map):
            keys = st.text("abcXYZ_0123456789", min_size=1, max_size=8)
            names.update(draw(st.dictionaries(keys, keys, min_size=1, max_size=3)))
    config.ensemble_scheduling.max_inflight_requests = draw(SMALL)
    if draw(st.booleans()):
        config.response_cache.enable = draw(st.booleans())
    elif draw(st.booleans()):
        config.model_transaction_policy.decoupled = draw(st.booleans())
    for key in draw(st.sets(st.text("abc", min_size=1), max_size=2)):
        config.parameters[key].string_value = draw(WORDS)
    metric = config.model_metrics.metric_control.add()
    metric.metric_identifier.family = f"f{draw(WORDS)}"
    metric.histogram_options.buckets.append(draw(SMALL))
    if draw(st.booleans()):
        config.version_policy.latest.num_versions = draw(st.integers(1, 20))
    return config


SERVED = {
    "lstm_price": Served("lstm-price", ReferenceKind.INFERENCE_MODEL),
    "sentiment": Served("sentiment", ReferenceKind.INFERENCE_MODEL),
    "inner.v2": Served("inner-v2", ReferenceKind.ENSEMBLE_PIPELINE),
}


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ensembles())
def test_any_ensemble_renders_as_it_was_imported(config: Any) -> None:
    spec = ensemble_spec(config, name="prices", resource_name="prices", served=SERVED)
    pipeline = EnsemblePipelineSpec.model_validate(spec)
    pairs = zip(pipeline.steps, config.ensemble_scheduling.step, strict=True)
    models = {
        step.name: StepModel(original.model_name, original.model_version)
        for step, original in pairs
    }
    assert ensemble_config(pipeline, name="prices", models=models) == config


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ensembles())
def test_every_step_refers_to_the_resource_of_its_model(config: Any) -> None:
    spec = ensemble_spec(config, name="prices", resource_name="prices", served=SERVED)
    steps = EnsemblePipelineSpec.model_validate(spec).steps
    assert [(step.model_ref.name, step.model_ref.kind) for step in steps if step.model_ref] == [
        (SERVED[step.model_name].resource_name, SERVED[step.model_name].kind)
        for step in config.ensemble_scheduling.step
    ]
