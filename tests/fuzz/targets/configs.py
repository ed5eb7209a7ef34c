"""Protobuf text: overrides of users, and the config.pbtxt files of repositories to be imported."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from inference_operator.api.validate import InvalidResourceError
from model_builders.importer import ImportOptions, import_repository
from model_builders.overrides import apply_overrides, parse_written
from model_builders.problem import ConfigError
from model_builders.protobuf import written_config
from tests.api_cases.bad_manifests import GOOD, changed
from tests.fakes.bodies import NAMESPACE
from tests.fuzz.mutate import text_mutator
from tests.fuzz.passes import passed
from tests.fuzz.target import Target

_REPOSITORIES = Path(__file__).parents[2] / "data" / "triton_repositories"
_CONFIGS = tuple(path.read_bytes() for path in sorted(_REPOSITORIES.rglob("config.pbtxt")))
_OVERRIDES = (
    b"model_transaction_policy { decoupled: true }",
    b'parameters { key: "a" value { string_value: "b\\n\\\\\\x41\\101" } }',
    b"optimization { graph { level: 1 } cuda { graphs: true } } # a comment",
    b"dynamic_batching { priority_queue_policy { key: 1 value { timeout_action: DELAY } } }",
    b'input { name: "a" data_type: TYPE_FP32 dims: [1, -1] reshape { shape: [] } }',
    b"instance_group [ { count: 2 kind: KIND_CPU }, { count: 1 } ]",
    b'model_warmup { name: "w" batch_size: 1 inputs { key: "x" value { zero_data: true } } }',
    b'default_model_filename: "model.onnx" cc_model_filenames { key: "8.0" value: "a.plan" }',
    b"sequence_batching { oldest { max_candidate_sequences: 4 } }",
    b'sequence_batching { state { input_name: "s" dims: -1 initial_state { dims: 1 } } }',
    b'batch_input { data_type: TYPE_INT32 source_input: "a" } batch_output { target_name: "b" }',
    b"model_metrics { metric_control { histogram_options { buckets: [1, 0.5] } } }",
    *_CONFIGS,
)


def _overrides(data: bytes) -> Iterator[str]:
    """Merge the overrides into a config, then pass over a model that has them."""
    text = data.decode("utf-8", "replace")
    config = written_config()
    try:
        config.CopyFrom(parse_written(_CONFIGS[0].decode(), "config.pbtxt"))
        yield from map(str, apply_overrides(config, text))
    except ConfigError as error:
        yield str(error)
    change = {"spec.triton.configOverrides": text, "metadata.namespace": NAMESPACE}
    yield from passed(changed(change, GOOD))


def _import(data: bytes) -> Iterator[str]:
    """Import a repository of one model, whose folder holds a file of each format."""
    with tempfile.TemporaryDirectory() as folder:
        version = Path(folder, "model_a", "1")
        version.mkdir(parents=True)
        for name in ("model.onnx", "model.pt", "model.plan", "model.py"):
            (version / name).write_bytes(b"x")
        (version.parent / "config.pbtxt").write_bytes(data)
        repository = import_repository(Path(folder), ImportOptions("pvc://models"))
    yield from (*repository.warnings, *repository.failures)


TARGETS = (
    Target(
        "overrides",
        _OVERRIDES,
        _overrides,
        text_mutator(_OVERRIDES),
        refusals=(InvalidResourceError,),
    ),
    Target("config-import", _CONFIGS, _import, text_mutator(_CONFIGS)),
)
