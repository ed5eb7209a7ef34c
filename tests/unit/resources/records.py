"""ControllerRevisions that the operator of commit 1779005 wrote, and their units."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from inference_operator.domain.names import KIND_LABEL, NAME_LABEL, UnitKey
from inference_operator.domain.observed import RejectedRecord, RevisionRecord
from inference_operator.resources.controller_revision import read_record

FOLDER = Path(__file__).parents[2] / "data" / "records"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
PINNED = "pipeline-with-modelref"
CACHED = "cache-environment-and-placement"
SECRET = "secret-for-the-source"


def written(name: str = PINNED) -> dict[str, Any]:
    """Return the ControllerRevision as the API server gives it back."""
    return copy.deepcopy(_parsed(name))


@cache
def _parsed(name: str) -> dict[str, Any]:
    record: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return record


def unit_of(body: dict[str, Any]) -> UnitKey:
    labels, namespace = body["metadata"]["labels"], body["metadata"]["namespace"]
    return UnitKey(labels[KIND_LABEL], namespace, labels[NAME_LABEL])


def read(body: dict[str, Any], name: str = PINNED) -> RevisionRecord | RejectedRecord:
    """Read a body, edited or not, for the unit of the file."""
    return read_record(body, unit_of(written(name)))


def why_not(body: dict[str, Any], name: str = PINNED) -> str:
    """Return why the body is not accepted; empty where it is."""
    record = read(body, name)
    return record.why if isinstance(record, RejectedRecord) else ""


def template_of(body: dict[str, Any]) -> dict[str, Any]:
    template: dict[str, Any] = body["data"]["children"][1]["spec"]["template"]
    return template


def config(body: dict[str, Any]) -> dict[str, Any]:
    manifest: dict[str, Any] = body["data"]["children"][0]
    return manifest


def workload(body: dict[str, Any]) -> dict[str, Any]:
    manifest: dict[str, Any] = body["data"]["children"][1]
    return manifest


def pod(body: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = template_of(body)["spec"]
    return spec


def triton(body: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = pod(body)["containers"][0]
    return container


def loader(body: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = pod(body)["initContainers"][0]
    return container
