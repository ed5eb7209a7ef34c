"""An MLflow server in memory: what it answers to the requests of ours, request by request."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from inference_operator.adapters.mlflow.client import Mlflow
from inference_operator.adapters.web.bounded_answer import ANSWER_BYTES, AnswerTooLongError
from inference_operator.domain.http_credentials import Credentials

URI = "http://mlflow.fake:5000"
Answer = tuple[int, bytes]


@dataclass
class Version:
    """A version of a registered model."""

    run_id: str
    tags: dict[str, str]
    files: dict[str, str]
    status: str = "READY"


@dataclass
class Registered:
    """A registered model."""

    created: int
    aliases: dict[str, int] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)


@dataclass
class Logged:
    """A model that a run logged."""

    name: str
    tags: dict[str, str]
    files: dict[str, str]


@dataclass
class Run:
    """A run, with what it logged."""

    models: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    lifecycle_stage: str = "active"


class FakeMlflow(Mlflow):
    """`requests` are the paths that were asked for, `answer_with` replaces every answer."""

    def __init__(self) -> None:
        super().__init__(URI, 1.0)
        self.models: dict[str, Registered] = {}
        self.runs: dict[str, Run] = {}
        self.logged: dict[str, Logged] = {}
        self.requests: list[str] = []
        self.answer_with: Answer | None = None
        self.down = False
        self.broken: dict[str, Answer] = {}
        """What is answered instead, by a part of the address."""
        self.wants: str | None = None
        """The Authorization header that is asked for; None: none."""

    async def _send(
        self,
        method: str,
        url: str,
        access: Credentials,
        *,
        body: Mapping[str, str] | None = None,
        limit: int = ANSWER_BYTES,
    ) -> Answer:
        status, raw = await self._answer(method, url, access, body)
        if status < 400 and 0 < limit < len(raw):
            raise AnswerTooLongError(limit)
        return status, raw[:limit]

    async def _answer(
        self, method: str, url: str, access: Credentials, body: Mapping[str, str] | None
    ) -> Answer:
        parts = urlsplit(url)
        self.requests.append(parts.path.rpartition("/mlflow/")[2].strip("/"))
        self._trusting(access.ca)
        await asyncio.sleep(0)
        if self.down:
            raise self._away("does not answer: it is down")
        if self.answer_with is not None:
            return self.answer_with
        for part, answer in self.broken.items():
            if part in url:
                return answer
        if self.wants is not None and access.authorization != self.wants:
            return 401, b"You are not authenticated"
        query = dict(parse_qsl(parts.query))
        if method in ("POST", "DELETE"):
            return self._changed_tag(body or {})
        return self._get(parts.path, query)

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        if path.endswith("registered-models/get"):
            return self._model(query["name"])
        if path.endswith("model-versions/get"):
            return self._version(query["name"], int(query["version"]))
        if path.endswith("runs/get"):
            return self._run(query["run_id"])
        if path.endswith("/model-versions/get-artifact"):
            model = self.models.get(query["name"])
            version = model.versions.get(int(query["version"])) if model else None
            return _file(version.files if version else {}, query["path"])
        if path.endswith("/artifacts/files"):
            model_id = unquote(path.split("/")[-3])
            files = self.logged[model_id].files if model_id in self.logged else {}
            return _file(files, query["artifact_file_path"])
        if path == "/get-artifact":
            run = self.runs.get(query["run_id"])
            return _file(run.files if run else {}, query["path"])
        return self._logged(unquote(path.rpartition("/")[2]))

    def _model(self, name: str) -> Answer:
        model = self.models.get(name)
        if model is None:
            return _missing(f"Registered Model with name={name} not found")
        aliases = [{"alias": a, "version": str(v)} for a, v in model.aliases.items()]
        # Protobuf's JSON leaves empty lists out.
        fields = {"name": name, "creation_timestamp": model.created}
        return _ok({"registered_model": {**fields, **({"aliases": aliases} if aliases else {})}})

    def _version(self, name: str, number: int) -> Answer:
        model = self.models.get(name)
        version = model.versions.get(number) if model else None
        if version is None:
            return _missing(f"Model Version (name={name}, version={number}) not found")
        body = {
            "name": name,
            "version": str(number),
            "run_id": version.run_id,
            "status": version.status,
            "tags": _tags(version.tags),
        }
        return _ok({"model_version": body})

    def _run(self, run_id: str) -> Answer:
        run = self.runs.get(run_id)
        if run is None:
            return _missing(f"Run with id={run_id} not found")
        outputs = {"model_outputs": [{"model_id": m, "step": 0} for m in run.models]}
        info = {"run_id": run_id, "lifecycle_stage": run.lifecycle_stage}
        return _ok({"run": {"info": info, "outputs": outputs if run.models else {}}})

    def _logged(self, model_id: str) -> Answer:
        model = self.logged.get(model_id)
        if model is None:
            return _missing(f"Logged model with ID '{model_id}' not found")
        return _ok({"model": {"info": {"name": model.name, "tags": _tags(model.tags)}}})

    def _changed_tag(self, body: Mapping[str, str]) -> Answer:
        """Set the tag, or take it away if the body has no value."""
        name, number = body["name"], int(body["version"])
        model = self.models.get(name)
        if model is None or number not in model.versions:
            return _missing(f"Model Version (name={name}, version={number}) not found")
        tags = model.versions[number].tags
        tags.pop(body["key"], None)
        if "value" in body:
            tags[body["key"]] = body["value"]
        return _ok({})


def _ok(body: Mapping[str, Any]) -> Answer:
    return 200, json.dumps(body).encode()


def _missing(message: str) -> Answer:
    return 404, json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": message}).encode()


def _file(files: Mapping[str, str], path: str) -> Answer:
    return (200, files[path].encode()) if path in files else _missing(f"No such artifact: {path}")


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
