"""Client of MLflow's REST API: the requests that resolving needs; each failure has a reason."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import aiohttp

from inference_operator.adapters.web.bounded_answer import (
    ANSWER_BYTES,
    JSON,
    SHOWN,
    AnswerTooLongError,
    error_message,
    identifier,
    is_mlflow_error,
    read_answer,
    whole_number,
)
from inference_operator.adapters.web.redirects import checked_redirects
from inference_operator.adapters.web.session import open_session, request_headers
from inference_operator.api.problem import SOURCE_SECRET, SOURCE_URI, Problem
from inference_operator.api.quoting import beginning
from inference_operator.api.reasons import Reason
from inference_operator.api.shown_uri import shown_text
from inference_operator.domain.api_resource import segment
from inference_operator.domain.bounded_json import JsonRefusedError, parse_json
from inference_operator.domain.http_credentials import Credentials, CredentialsError, trust
from inference_operator.domain.resolution import DEFINITE

_API = "/api/2.0/mlflow"
_context = lru_cache(maxsize=64)(trust)


class RegistryError(Exception):
    """The registry did not answer, or its answer names what is missing."""

    def __init__(self, reason: Reason, problem: Problem) -> None:
        super().__init__(str(problem))
        self.reason, self.problem = reason, problem

    @property
    def is_definite(self) -> bool:
        """True for an answer: the same request would soon get it again."""
        return self.reason in DEFINITE


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A registered model: its time of creation (ms of Unix time) and the version of each alias."""

    created: int
    aliases: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model; `status` is READY once it may be used."""

    run_id: str
    status: str
    status_message: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A model that a run logged."""

    name: str
    tags: Mapping[str, str]


class Mlflow:
    """Client of one tracking server; `uri` does not end with a slash."""

    def __init__(self, uri: str, timeout: float) -> None:
        self.uri = uri.rstrip("/")
        self._seconds = timeout
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def model(self, name: str, access: Credentials) -> RegisteredModel:
        """Return a registered model with all its aliases, in one request."""
        query = {"name": name}
        missing = (
            Reason.REGISTERED_MODEL_NOT_FOUND,
            _source(f"{self.uri} has no registered model {name}", "correct it, or register one"),
        )
        body = await self._json(f"{_API}/registered-models/get", query, access, missing)
        model = _map(body, "registered_model")
        aliases = {str(a["alias"]): whole_number(a["version"]) for a in model.get("aliases") or ()}
        return RegisteredModel(whole_number(model.get("creation_timestamp") or 0), aliases)

    async def version(self, name: str, version: int, access: Credentials) -> ModelVersion:
        """Return the fields of a version; its MLmodel file is read separately."""
        query = {"name": name, "version": str(version)}
        requirement = f"{self.uri} has no version {version} of {name}, or it was deleted"
        missing = (Reason.VERSION_NOT_FOUND, _source(requirement, "name another one"))
        body = await self._json(f"{_API}/model-versions/get", query, access, missing)
        fields = _map(body, "model_version")
        return ModelVersion(
            run_id=identifier(fields.get("run_id")),
            status=beginning(str(fields.get("status") or "READY"), SHOWN),
            status_message=beginning(str(fields.get("status_message") or ""), SHOWN),
            tags=_tags(fields),
        )

    async def run_models(self, run: str, access: Credentials) -> tuple[str, ...]:
        """Return the ids of the models that the run logged."""
        missing = (Reason.RUN_NOT_FOUND, _source(f"{self.uri} has no run {run}", "correct it"))
        body = _map(await self._json(f"{_API}/runs/get", {"run_id": run}, access, missing), "run")
        if _map(body, "info").get("lifecycle_stage") == "deleted":
            requirement = f"run {run} of {self.uri} was deleted"
            remedy = "restore it, or name another one"
            raise RegistryError(Reason.RUN_NOT_FOUND, _source(requirement, remedy))
        outputs = (body.get("outputs") or {}).get("model_outputs") or ()
        return tuple(identifier(output["model_id"]) for output in outputs)

    async def logged_model(self, model_id: str, access: Credentials) -> LoggedModel:
        """Return a logged model by an id of `run_models`."""
        requirement = f"{self.uri} has no logged model {model_id} any more"
        missing = (Reason.RUN_NOT_FOUND, _source(requirement, "name another run"))
        path = f"{_API}/logged-models/{segment(model_id)}"
        info = _map(_map(await self._json(path, {}, access, missing), "model"), "info")
        return LoggedModel(str(info.get("name") or ""), _tags(info))

    async def text(self, url: str, access: Credentials, limit: int) -> str | None:
        """Return a small file at one of the addresses below; None where it does not exist.

        AnswerTooLongError where it has more than `limit` bytes; the rest is not read.
        """
        status, raw = await self._send("GET", url, access, limit=limit)
        if status in (400, 404):
            return None
        return self._checked(status, raw).decode("utf-8", "replace")

    async def has_file(self, url: str, access: Credentials) -> bool:
        """Return whether a file exists at that address; its content is not read."""
        status, _ = await self._send("GET", url, access, limit=0)
        if status not in (400, 404):
            self._checked(status, b"")
        return status < 400

    async def set_version_tag(
        self, name: str, version: int, tag: tuple[str, str], access: Credentials
    ) -> None:
        """Write one tag (its key and its value) of a version."""
        body = {"name": name, "version": str(version), "key": tag[0], "value": tag[1]}
        await self._tag("POST", "set-tag", body, access)

    async def delete_version_tag(
        self, name: str, version: int, key: str, access: Credentials
    ) -> None:
        """Take one tag away from a version, which may not have it."""
        body = {"name": name, "version": str(version), "key": key}
        await self._tag("DELETE", "delete-tag", body, access)

    async def _tag(
        self, method: str, action: str, body: Mapping[str, str], access: Credentials
    ) -> None:
        url = f"{self.uri}{_API}/model-versions/{action}"
        status, raw = await self._send(method, url, access, body=body)
        if status == 404 and is_mlflow_error(raw):
            gone = f"{self.uri} has no version {body['version']} of {body['name']} any more"
            raise RegistryError(Reason.VERSION_NOT_FOUND, _source(gone, "name another one"))
        self._checked(status, raw)

    def version_file(self, name: str, version: int, path: str) -> str:
        """Return the address of a file of a version; the server's own store does not matter."""
        query = {"name": name, "version": version, "path": path}
        return f"{self.uri}/model-versions/get-artifact?{urlencode(query)}"

    def logged_model_file(self, model_id: str, path: str) -> str:
        """Return the address of a file of a model that a run logged."""
        where = f"/ajax-api/2.0/mlflow/logged-models/{segment(model_id)}/artifacts/files"
        return f"{self.uri}{where}?{urlencode({'artifact_file_path': path})}"

    def run_file(self, run: str, path: str) -> str:
        """Return the address of an artifact of a run."""
        return f"{self.uri}/get-artifact?{urlencode({'run_id': run, 'path': path})}"

    async def _json(
        self,
        path: str,
        query: Mapping[str, str],
        access: Credentials,
        missing: tuple[Reason, Problem],
    ) -> Mapping[str, Any]:
        text = f"?{urlencode(query)}" if query else ""
        try:
            status, raw = await self._send("GET", f"{self.uri}{path}{text}", access)
        except AnswerTooLongError as error:
            raise self._away(
                f"answered {path} with {error}, expected at most {error.limit:,}",
                "remove tags, parameters or aliases, or name another model",
            ) from None
        if status in (400, 404) and is_mlflow_error(raw):
            raise RegistryError(*missing)
        return await self._body(path, self._checked(status, raw))

    async def _body(self, path: str, raw: bytes) -> Mapping[str, Any]:
        try:
            # In a thread: parsing 1 MiB from outside takes about 100 ms.
            body = await asyncio.to_thread(parse_json, raw, JSON)
        except JsonRefusedError as error:
            raise self._away(f"answered {path} with JSON that is not read: {error}") from None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            text = raw[: 4 * SHOWN].decode("utf-8", "replace")[:SHOWN]
            problem = f"answered {path} with text that is not JSON ({text!r})"
            raise self._away(problem, "check that it is an MLflow server")
        return body

    async def _send(
        self,
        method: str,
        url: str,
        access: Credentials,
        *,
        body: Mapping[str, str] | None = None,
        limit: int = ANSWER_BYTES,
    ) -> tuple[int, bytes]:
        """Return status and body: only the beginning of an error, nothing where `limit` is 0."""
        headers = request_headers(access.authorization)
        session = self._session
        if session is None:
            session = self._session = open_session(self._seconds, [checked_redirects()])
        context = self._trusting(access.ca)
        try:
            async with session.request(method, url, json=body, headers=headers, ssl=context) as got:
                return got.status, await read_answer(got, limit) if limit else b""
        except aiohttp.ClientConnectorCertificateError as error:
            raise self._away(
                f"has a certificate that is not trusted ({error.certificate_error})",
                "put the PEM of its authority under `ca.crt` into the Secret",
                SOURCE_SECRET,
            ) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._away(f"does not answer: {_cause(error)}") from None

    def _trusting(self, ca: str | None) -> ssl.SSLContext | bool:
        try:
            return True if ca is None else _context(ca)
        except CredentialsError as error:
            problem = Problem(SOURCE_SECRET, "", str(error))
            raise RegistryError(Reason.CREDENTIALS_UNUSABLE, problem) from None

    def _checked(self, status: int, raw: bytes) -> bytes:
        if status < 400:
            return raw
        message = error_message(raw)
        if status in (401, 403):
            answer = f"{self.uri} answered {status} ({message})"
            problem = Problem(SOURCE_SECRET, "", answer, "name a Secret that may read the model")
            raise RegistryError(Reason.REGISTRY_FORBIDDEN, problem)
        raise self._away(f"answered {status} ({message})", "check its log")

    def _away(self, requirement: str, remedy: str = "", path: str = "") -> RegistryError:
        """Return the error of a registry that fails for everyone; `path` is the field to blame."""
        problem = Problem(path, "", f"the registry {self.uri} {requirement}", remedy)
        return RegistryError(Reason.REGISTRY_UNREACHABLE, problem)


def _source(requirement: str, remedy: str) -> Problem:
    return Problem(SOURCE_URI, "", requirement, remedy)


def _cause(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return shown_text(str(error)) or type(error).__name__


def _map(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = body.get(name)
    return member if isinstance(member, dict) else {}


def _tags(body: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag["key"]): str(tag.get("value", "")) for tag in body.get("tags") or ()}
