"""Answers of MLflow, and MLmodel files of logged models; then a pass with them."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from inference_operator.adapters.mlflow.client import Mlflow, RegistryError
from inference_operator.adapters.mlflow.resolver import Resolver, as_answer
from inference_operator.domain.http_credentials import Credentials
from inference_operator.domain.mlmodel import (
    ARTIFACT_TAG,
    FORMAT_TAG,
    MAX_BATCH_TAG,
    SHA256_TAG,
    ModelUnusableError,
    facts,
)
from inference_operator.domain.resolution import (
    Resolution,
    Resolved,
    SourceKey,
    Unresolved,
    from_data,
    to_data,
)
from tests.fakes.bodies import imodel
from tests.fakes.registry_ground import mlmodel
from tests.fuzz.documents import decode, encode, json_mutator
from tests.fuzz.passes import passed
from tests.fuzz.target import OracleError, Target

_ALIAS = "models:/fx@champion"
_RUN = "runs:/0123/model"
_BODIES = (
    imodel(model={"source": {"uri": _ALIAS}}),
    imodel(model={"source": {"uri": _ALIAS}, "format": "torchscript", "maxBatchSize": 4}),
)


def _pass(resolution: Resolution) -> Iterator[str]:
    for body in _BODIES:
        yield from passed(body, resolve=lambda *_: {SourceKey(_ALIAS): resolution})


def _mlmodel(data: bytes) -> Iterator[str]:
    """Read an MLmodel file and the tags of its version, and pass over a model of it."""
    document = decode(data)
    given = document.get("tags")
    tags = {key: str(value) for key, value in (given if isinstance(given, dict) else {}).items()}
    try:
        recorded = facts(str(document.get("mlmodel")), tags)
    except ModelUnusableError as error:
        yield str(error)
        return
    resolution = Resolved(
        _ALIAS, "models:/fx/3", 3, "0123", "https://mlflow.example/file", recorded
    )
    kept = json.loads(json.dumps(to_data(resolution)))
    if from_data(kept) != resolution:
        raise OracleError("a version that a record does not keep")
    yield from _pass(resolution)


class _Answers(Mlflow):
    """A tracking server whose answers are given, by the last part of the path."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__("https://mlflow.example", 1.0)
        self._document = document

    async def _send(self, method: str, url: str, *_: Any, **__: Any) -> tuple[int, bytes]:
        name = urlsplit(url).path.rpartition("/")[2]
        answer = self._document.get(name, self._document.get("get-artifact", ""))
        if isinstance(answer, dict) and type(answer.get("status")) is int:
            return answer["status"], _bytes(answer.get("body"))
        return 200, _bytes(answer)


def _bytes(answer: Any) -> bytes:
    return (answer if isinstance(answer, str) else json.dumps(answer)).encode("utf-8", "replace")


def _registry_answers(data: bytes) -> Iterator[str]:
    """Resolve an alias, and a model of a run."""
    resolver = Resolver(_Answers(decode(data)))

    async def ask(uri: str) -> Any:
        try:
            return (await resolver.resolve([uri], Credentials()))[uri]
        except Exception as error:
            # As the poller does, which goes on with the next subject.
            return as_answer(error, uri)

    for uri in (_ALIAS, _RUN):
        answer = asyncio.run(ask(uri))
        if isinstance(answer, RegistryError):
            yield str(answer)
            yield from _pass(Unresolved(answer.reason, (answer.problem,)))
        else:
            yield from _pass(answer)


_TAGS = {SHA256_TAG: "0" * 64, ARTIFACT_TAG: "data/a.onnx", FORMAT_TAG: "onnx", MAX_BATCH_TAG: "8"}
_MLMODELS = (
    encode({"mlmodel": mlmodel(), "tags": {}}),
    encode({"mlmodel": mlmodel(), "tags": _TAGS}),
    encode({"mlmodel": "flavors:\n  onnx: {data: model.onnx}\nsignature: {inputs: '[]'}\n"}),
)
_ANSWERS = (
    encode(
        {
            "get": {
                "registered_model": {
                    "creation_timestamp": 1, "aliases": [{"alias": "champion", "version": "3"}],
                },
                "model_version": {
                    "run_id": "0123", "status": "READY", "tags": [{"key": "a", "value": "b"}],
                },
                "run": {
                    "info": {"lifecycle_stage": "active"},
                    "outputs": {"model_outputs": [{"model_id": "m-1"}]},
                },
            },
            "m-1": {"model": {"info": {"name": "model", "tags": []}}},
            "get-artifact": mlmodel(),
            "files": mlmodel(),
        }
    ),
    encode({"get": {"status": 404, "body": {"error_code": "NOT_FOUND", "message": "none"}}}),
    encode({"get": {"status": 500, "body": "<html>\n"}}),
)  # fmt: skip

TARGETS = (
    Target("mlmodel", _MLMODELS, _mlmodel, json_mutator(_MLMODELS), largest=128 << 10),
    Target("registry-answers", _ANSWERS, _registry_answers, json_mutator(_ANSWERS)),
)
