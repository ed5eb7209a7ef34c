"""`inference-operator plan` and `render`: what would happen and why, without a cluster."""

import argparse
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from inference_operator.adapters.cache import Cache
from inference_operator.adapters.observe import observe
from inference_operator.api.base import API_VERSION
from inference_operator.api.inference_model import KIND
from inference_operator.domain.names import UnitKey
from inference_operator.domain.repository_plan import PLAN_FILE
from inference_operator.domain.validation import Defaults
from inference_operator.planning.explain import explain
from inference_operator.planning.plan import Delete, Plan
from inference_operator.planning.planner import plan
from inference_operator.settings import Settings

# Stands in for what the API server would give.
NO_UID = "00000000-0000-0000-0000-000000000000"


class InputError(Exception):
    """A file cannot be used; the message says what was found and what was expected."""


def add_parser(subparsers: Any) -> None:
    """Add `plan` and `render`."""
    for name, words, func in (
        ("plan", "say what would happen to a manifest, and why", plan_command),
        ("render", "print the children and config.pbtxt of a manifest", render_command),
    ):
        parser = subparsers.add_parser(name, help=words, description=f"{words}, without a cluster")
        parser.add_argument("-f", "--filename", required=True, help="manifests, or - for stdin")
        parser.add_argument(
            "--live",
            help="what is in the cluster now: the output of `kubectl get"
            " imodel,controllerrevision,configmap,deployment,service,pdb,pod,node -o yaml`"
            + ("; only children that differ from it are printed" if name == "render" else ""),
        )
        parser.add_argument(
            "--triton-image",
            default=Settings().triton_image,
            help="image of specs that name none (%(default)s)",
        )
        parser.add_argument(
            "--staged",
            action="store_true",
            help="as with INFERENCE_OPERATOR_DEFAULTS_ROLLOUT=Staged: whether the image of specs"
            " that name none is newer than what runs, and would wait for its turn",
        )
        parser.set_defaults(func=func)
        if name == "render":
            parser.add_argument(
                "--config", action="store_true", help="print only the config.pbtxt files"
            )


def plan_command(arguments: argparse.Namespace) -> int:
    """Print each plan; 1 when a manifest cannot be served, 2 for unusable input."""
    return _each(arguments, lambda found: print(explain(found)))


def render_command(arguments: argparse.Namespace) -> int:
    """Print each plan's manifests as YAML, or only its config.pbtxt files."""
    return _each(arguments, _print_configs if arguments.config else _print_manifests)


def _each(arguments: argparse.Namespace, show: Any) -> int:
    try:
        plans = list(_plans(arguments))
    except InputError as error:
        print(f"inference-operator: {error}", file=sys.stderr)
        return 2
    for found in plans:
        if found.invalid is None:
            show(found)
        else:
            for problem in found.invalid.problems:
                print(f"{found.key}: {problem}", file=sys.stderr)
    return 1 if any(found.invalid for found in plans) else 0


def _plans(arguments: argparse.Namespace) -> Iterator[Plan]:
    wanted = _documents(arguments.filename)
    models = [body for body in wanted if body.get("kind") == KIND]
    if not models:
        kinds = ", ".join(sorted({str(body.get("kind")) for body in wanted})) or "nothing"
        raise InputError(f"{arguments.filename}: found {kinds}, expected an {KIND}")
    cache = Cache()
    for body in _documents(arguments.live) if arguments.live else ():
        _metadata(body)
        cache.put(str(body.get("kind")), body)
    settings = Settings()
    staged = settings.defaults_rollout_units if arguments.staged else 0
    defaults = Defaults(arguments.triton_image, settings.loader_image, staged=staged)
    for body in models:
        key = _put(cache, body)
        seen = observe(cache, key)
        if seen is None:
            raise InputError(f"{arguments.filename}: {key} has no metadata that can be read")
        yield plan(seen, defaults, datetime.now(UTC))


def _put(cache: Cache, body: dict[str, Any]) -> UnitKey:
    """The manifest over what is live of it, as the API server would store it."""
    if body.get("apiVersion") != API_VERSION:
        raise InputError(f"apiVersion: found {body.get('apiVersion')!r}, expected {API_VERSION!r}")
    meta = _metadata(body)
    key = UnitKey(KIND, meta.get("namespace", "default"), meta["name"])
    live = cache.get(KIND, (key.namespace, key.name)) or {"metadata": {}, "spec": None}
    changed = live["spec"] != body.get("spec")
    known = live["metadata"]
    stored = {
        **live,
        **body,
        "metadata": {
            "uid": NO_UID,
            **known,
            "namespace": key.namespace,
            "name": key.name,
            "generation": known.get("generation", 0) + (1 if changed else 0),
            "resourceVersion": str(int(known.get("resourceVersion", 0)) + 1),
        },
    }
    cache.put(KIND, stored)
    return key


def _documents(name: str) -> list[dict[str, Any]]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
        found = [body for body in yaml.safe_load_all(text) if body]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{name}: cannot be read as YAML: {error}") from None
    bodies: list[dict[str, Any]] = []
    for body in found:
        bodies.extend(_items(name, body))
    return bodies


def _items(name: str, body: Any) -> list[dict[str, Any]]:
    """The manifest, or those in a List."""
    if not isinstance(body, dict):
        raise InputError(f"{name}: found {type(body).__name__}, expected a manifest")
    if body.get("kind") != "List":
        return [body]
    return [item for one in body.get("items") or () for item in _items(name, one)]


def _metadata(body: dict[str, Any]) -> dict[str, Any]:
    """Its metadata, with a name at least."""
    meta = body.get("metadata") or {}
    if not isinstance(meta, dict):
        raise InputError(f"metadata: found {type(meta).__name__}, expected a map")
    if not meta.get("name"):
        raise InputError("metadata.name: found nothing, expected the name of the resource")
    for field in ("name", "namespace"):
        if not isinstance(meta.get(field, ""), str):
            raise InputError(f"metadata.{field}: found {meta[field]}, expected a string")
    return meta


def _print_manifests(found: Plan) -> None:
    manifests = [dict(a.manifest) for a in found.actions if not isinstance(a, Delete)]
    print(yaml.dump_all(manifests, Dumper=_Readable, sort_keys=False, explicit_start=True), end="")


def _print_configs(found: Plan) -> None:
    for action in found.actions:
        if action.key.kind != "ConfigMap" or isinstance(action, Delete):
            continue
        for name, text in action.manifest["data"].items():
            if name != PLAN_FILE:
                print(f"# {name.removesuffix('.config.pbtxt')}/config.pbtxt\n{text}", end="")


_NUMBERLIKE = re.compile(r"[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")


class _Readable(yaml.SafeDumper):
    """Multi-line texts, such as config.pbtxt, as blocks; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # A revision such as 12345e6789 is text here, but a number to parsers of YAML 1.2.
    style = "|" if "\n" in text else "'" if _NUMBERLIKE.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Readable.add_representer(str, _text)
