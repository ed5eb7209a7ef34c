"""Generator of files for Argo CD: the scripts of EnsemblePipelines, and the patch of argocd-cm.

The Lua scripts of InferenceModels, with their examples, are the only source. Both kinds report the
same fields, so the scripts are the same texts.
"""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from inference_operator.api.base import GROUP
from inference_operator.domain.kubectl_yaml import write_manifests

ROOT = Path(__file__).resolve().parent.parent
FOLDER = f"manifests/argocd/resource_customizations/{GROUP}"
SOURCE, COPY = "InferenceModel", "EnsemblePipeline"
CONFIG_MAP = "manifests/argocd/argocd-cm.yaml"

_HEADER = "Generated from {source} by `make generate`. Do not edit.\n"


def generated() -> Mapping[str, Callable[[], str]]:
    """Return the path of each generated file below the root, with what makes its text."""
    source = ROOT / FOLDER / SOURCE
    copies = {
        f"{FOLDER}/{COPY}/{path.relative_to(source).as_posix()}": partial(_copied, path)
        for path in sorted(source.rglob("*"))
        if path.is_file()
    }
    return {**copies, CONFIG_MAP: partial(config_map, SOURCE, COPY)}


def scripts(kind: str) -> tuple[str, Mapping[str, Any]]:
    """Return the health check of a kind and its actions, in the form of argocd-cm."""
    folder = ROOT / FOLDER / kind
    names = sorted(path.parent.name for path in folder.glob("actions/*/action.lua"))
    definitions = [
        {"name": name, "action.lua": _text(folder / "actions" / name / "action.lua")}
        for name in names
    ]
    discovery = _text(folder / "actions" / "discovery.lua")
    return _text(folder / "health.lua"), {
        "discovery.lua": discovery,
        "definitions": definitions,
    }


def config_map(*kinds: str) -> str:
    """Return the part of argocd-cm that Argo CD needs for these kinds, as YAML."""
    data = {}
    for kind in kinds:
        # The texts of both kinds are those of the source.
        health, actions = scripts(SOURCE)
        data[f"resource.customizations.health.{GROUP}_{kind}"] = health
        data[f"resource.customizations.actions.{GROUP}_{kind}"] = write_manifests([actions])
    labels = {"app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd"}
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd", "labels": labels},
        "data": data,
    }
    source = f"manifests/argocd/resource_customizations/{GROUP}/{SOURCE}"
    return "# " + _HEADER.format(source=source) + write_manifests([body], width=1000)


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def _copied(path: Path) -> str:
    source = f"{SOURCE}/{path.relative_to(ROOT / FOLDER / SOURCE).as_posix()}"
    comment = "-- " if path.suffix == ".lua" else "# "
    header = comment + _HEADER.format(source=source)
    if "testdata" not in path.parts:
        return header + _text(path)
    return header + write_manifests([as_pipeline(yaml.safe_load(_text(path)))], width=100)


def as_pipeline(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return an example of a model as one of a pipeline, with the model as its only step."""
    body = copy.deepcopy(dict(model))
    body["kind"] = COPY
    if (served := body["spec"].pop("model", None)) is not None:
        body["spec"]["steps"] = [{"name": "main", "model": served}]
    return body
