"""Custom resources as users write them: whole passes over mutated specs, files and statuses."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from inference_operator.cli.documents import InputError
from inference_operator.cli.manifests import units
from inference_operator.planning.status.explain import explain
from inference_operator.validation.defaults import Defaults
from tests.api_cases.bad_manifests import BAD_MODELS, BAD_PIPELINES, GOOD, GOOD_PIPELINE, changed
from tests.api_cases.good_sources import GOOD_SOURCES
from tests.fakes.bodies import LOADER_IMAGE, NAMESPACE, TRITON_IMAGE, pod, terminated, waiting
from tests.fuzz.documents import decode, encode, json_mutator
from tests.fuzz.mutate import text_mutator
from tests.fuzz.passes import RESTRICTED, child_of, passed
from tests.fuzz.target import Target, is_odd, with_secret
from tests.unit.resources.inputs import INPUTS
from tests.unit.resources.records import written

_ROOT = Path(__file__).parents[3]
_SERVED = "torchscript-with-everything"


def _specs(*bodies: dict[str, Any]) -> tuple[bytes, ...]:
    return tuple(encode(body.get("spec") or {}) for body in bodies)


def _body(kind: str, data: bytes) -> dict[str, Any]:
    good = GOOD if kind == "InferenceModel" else GOOD_PIPELINE
    meta = {"name": "spread", "namespace": NAMESPACE}
    return {**good, "metadata": meta, "spec": decode(data)}


def _model(data: bytes) -> Iterator[str]:
    return _passed(_body("InferenceModel", data), data)


def _pipeline(data: bytes) -> Iterator[str]:
    return _passed(_body("EnsemblePipeline", data), data)


def _passed(body: dict[str, Any], data: bytes) -> Iterator[str]:
    """Pass over a unit whose addresses have secrets, under allow-lists for half of the inputs."""
    for source in _sources(body["spec"]):
        source["uri"] = with_secret(source["uri"])
    return passed(body, defaults=RESTRICTED) if is_odd(data) else passed(body)


def _sources(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sources of a model and of a pipeline's steps that have an address."""
    steps = spec.get("steps")
    owners = [spec, *(steps if isinstance(steps, list) else [])]
    models = [owner.get("model") for owner in owners if isinstance(owner, dict)]
    sources = [model.get("source") for model in models if isinstance(model, dict)]
    return [
        source
        for source in sources
        if isinstance(source, dict) and isinstance(source.get("uri"), str)
    ]


def _manifest_files(data: bytes) -> Iterator[str]:
    """Read a file as `plan -f` does."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(data)
        file.flush()
        try:
            for _, made in units([file.name], [], Defaults(TRITON_IMAGE, LOADER_IMAGE)):
                invalid = made.assessment.invalid
                yield from map(str, invalid.problems if invalid else ())
                explain(made)
        except InputError as error:
            yield str(error)


def _served(status: dict[str, Any], *pods: dict[str, Any]) -> Iterator[str]:
    """Pass over a unit that serves, with its record, its children and these pods."""
    record, body = written(_SERVED), INPUTS[_SERVED]
    children = (record, *record["data"]["children"], *pods)
    return passed({**body, "status": status}, *(child_of(body, child) for child in children))


def _status(data: bytes) -> Iterator[str]:
    return _served(decode(data))


def _termination(data: bytes) -> Iterator[str]:
    """What containers of a pod said last; C and D have a word in it, and Triton's own log."""
    document, meta = decode(data), written(_SERVED)["metadata"]
    texts = {key: value for key, value in document.items() if isinstance(value, str)}
    # An init container that failed hides what follows it.
    load = {"state": terminated(int("load" in texts), message=texts.get("load", ""))}
    triton = {"state": terminated(int("triton" in texts), message=texts.get("triton", ""))}
    if "waiting" in texts:
        triton = {"state": waiting(texts.get("reason", "ImagePullBackOff"), texts["waiting"])}
    revision = meta["name"].rpartition("-")[2]
    made = pod(revision, load=load, triton=triton, unschedulable=texts.get("scheduler", ""))
    made["metadata"] |= {"namespace": meta["namespace"], "labels": meta["labels"]}
    stable = {"revision": revision, "replicas": 1, "ready": 0}
    status = {"observedGeneration": 1, "conditions": [], "stable": stable}
    return _served(status, made)


_MODELS = _specs(
    GOOD,
    *(row.body for row in BAD_MODELS),
    *(changed(change) for change in GOOD_SOURCES.values()),
    *(INPUTS[name] for name in sorted(INPUTS) if INPUTS[name]["kind"] == "InferenceModel"),
)
_PIPELINES = _specs(
    GOOD_PIPELINE,
    *(row.body for row in BAD_PIPELINES),
    *(INPUTS[name] for name in sorted(INPUTS) if INPUTS[name]["kind"] != "InferenceModel"),
    *(
        body
        for body in yaml.safe_load_all(
            (_ROOT / "manifests/samples/ensemble-predictor.yaml").read_text("utf-8")
        )
        if body["kind"] == "EnsemblePipeline"
    ),
)
_FILES = (
    b"a: &a {b: 1}\nc: {<<: *a}\n",
    *(path.read_bytes() for path in sorted((_ROOT / "manifests/samples").glob("*.yaml"))),
)
_REVISION = written(_SERVED)["metadata"]["name"].rpartition("-")[2]
_TIME = "2031-05-06T11:00:00Z"
_STATUSES = (
    encode({}),
    encode(
        {
            "observedGeneration": 1,
            "phase": "Ready",
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "Ready", "message": "",
                 "observedGeneration": 1, "lastTransitionTime": _TIME},
            ],
            "model": {"version": "1", "runId": "r", "sha256": "0" * 64, "uri": "https://a/b"},
            "stable": {"revision": _REVISION, "version": "1", "replicas": 2, "ready": 1},
            "canary": {"revision": "0123456789", "version": "2", "replicas": 1, "ready": 0},
            "rollout": {"since": _TIME, "ready": 1, "previous": "aaa", "promotedAt": _TIME},
            "replicas": 3, "readyReplicas": 1, "selector": "a=b",
            "accelerator": {"mode": "CPU", "message": "no node"}, "url": "http://a",
            "decisions": [
                {"time": _TIME, "source": "a", "target": "b", "reason": "Promoted",
                 "message": "b is served"},
            ],
        }
    ),
)  # fmt: skip
_SAID = (
    encode({"load": '{"reason":"ArtifactInvalid","message":"spread: spec.model.source is bad"}'}),
    encode(
        {
            "load": '{"reason":"ArtifactInvalid","message":"m","model":"spread","problems":'
            '[["spec.model.source.uri","","it is bad","correct it"]]}'
        }
    ),
    encode({"triton": "E1 failed to load 'spread' version 1: Internal: no such file\nerror: x"}),
    encode({"waiting": "Back-off pulling image", "reason": "ImagePullBackOff"}),
    encode({"waiting": 'secret "a" not found', "reason": "CreateContainerConfigError"}),
    encode({"scheduler": '0/3 nodes: persistentvolumeclaim "models" not found'}),
    encode({"triton": "W0506 12:00:01.1 1 a.cc:5] \"Unable\"\nt: unrecognized option '--a=b'\n"}),
    encode({"triton": "failed to load 'a' version 1: No module named 'b'\\n\\nAt:"}),
    encode({"waiting": "couldn't find key a in Secret b/c", "reason": "CreateContainerError"}),
    encode({"waiting": 'failed to resolve reference "a": b', "reason": "ErrImagePull"}),
    encode({"scheduler": "0/1 nodes: unbound immediate PersistentVolumeClaims. preemption: 0/1"}),
    encode({"load": "killed", "scheduler": "Insufficient nvidia.com/gpu"}),
)

TARGETS = (
    Target("inference-model", _MODELS, _model, json_mutator(_MODELS), largest=256 << 10),
    Target("ensemble-pipeline", _PIPELINES, _pipeline, json_mutator(_PIPELINES), largest=256 << 10),
    Target("manifest-files", _FILES, _manifest_files, text_mutator(_FILES), largest=256 << 10),
    Target("status", _STATUSES, _status, json_mutator(_STATUSES)),
    Target("termination", _SAID, _termination, json_mutator(_SAID)),
)
