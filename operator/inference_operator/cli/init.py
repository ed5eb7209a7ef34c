"""`inference-operator init FILE`: a manifest for an artifact on this machine."""

import argparse
import sys
from pathlib import Path
from typing import Any

from inference_operator.api.base import API_VERSION
from inference_operator.api.quoting import one_line
from inference_operator.cli.arguments import report

DESCRIPTION = """\
Print an InferenceModel for a model's file or folder on this machine: its format, tensors, largest
batch and digest, as far as the artifact says. What it does not say is FILL_IN, which kubectl
refuses. The file itself is not copied: `push` does that. Exit status: 0, 1 if something must be
filled in or corrected, 2 for an unusable argument.
"""
_KIND = "InferenceModel"
_CLAIM = "models"
_GENERIC = ("model", "1")


def add_parser(subparsers: Any) -> None:
    """Add `init`."""
    parser = subparsers.add_parser(
        "init",
        help="print a manifest for a model's file: tensors, batch size, digest",
        description=DESCRIPTION,
    )
    parser.add_argument(
        "path",
        type=Path,
        metavar="FILE",
        help="model.onnx, model.pt, model.py, model.plan, a folder",
    )
    parser.add_argument("--name", help="name of the resource (that of the file or its folder)")
    parser.add_argument("-n", "--namespace", help="namespace of the resource (that of kubectl)")
    parser.add_argument(
        "--source",
        metavar="URI",
        help=f"where pods find the artifact (pvc://{_CLAIM}/NAME/FILE)",
    )
    parser.add_argument(
        "--secret", metavar="NAME", help="Secret with the credentials for the source"
    )
    parser.add_argument(
        "--max-batch-size", type=_batch, metavar="N", help="largest batch; 0: Triton does not batch"
    )
    parser.set_defaults(func=init_command)


def init_command(arguments: argparse.Namespace) -> int:
    """Print the manifest; return the exit status of the description."""
    from inference_operator.cli.artifact_draft import DraftError, draft
    from inference_operator.cli.manifest_text import manifest_text
    from inference_operator.load.failure import LoadError
    from inference_operator.load.transfer.digest import digest_of

    try:
        drafted = draft(arguments.path, arguments.max_batch_size)
        name = arguments.name or _name_of(arguments.path)
        source = {"uri": arguments.source or _default_uri(name, arguments.path)}
        if arguments.secret:
            source["secretRef"] = {"name": arguments.secret}
        source["sha256"] = digest_of(arguments.path)
    except (DraftError, LoadError) as error:
        report("inference-operator", error)
        return 2
    except OSError as error:
        report("inference-operator", f"cannot read {arguments.path}: {error.strerror or error}")
        return 2
    metadata = {"name": name} | ({"namespace": n} if (n := arguments.namespace) else {})
    spec: dict[str, Any] = {
        "model": {"source": source, "format": drafted.format.value, **drafted.model}
    }
    if drafted.format.value == "tensorrt":
        spec["accelerator"] = {"count": 1}
    body = {"apiVersion": API_VERSION, "kind": _KIND, "metadata": metadata, "spec": spec}
    sys.stdout.write(manifest_text(body))
    problems = _problems(body, arguments.path)
    for sentence in drafted.notes:
        report("note", sentence)
    for sentence in problems:
        report(f"{_KIND} {name}", sentence)
    return 1 if problems else 0


def _problems(body: dict[str, Any], path: Path) -> list[str]:
    """Return why the API, or the loader of a pod, would refuse the manifest and its artifact."""
    from inference_operator.api.inference_model import InferenceModelSpec
    from inference_operator.api.model import ModelFormat
    from inference_operator.api.validate import InvalidResourceError, parse
    from model_builders.artifact import check_artifact
    from model_builders.config import model_config
    from model_builders.problem import ConfigError
    from model_builders.protobuf import ModelConfig

    try:
        unreadable = check_artifact(
            ModelFormat(body["spec"]["model"]["format"]), path, ModelConfig()
        )
        if broken := [str(p) for p in unreadable if not p.path.startswith("spec.")]:
            return broken
        spec = parse(body).spec
        assert isinstance(spec, InferenceModelSpec)
        config = model_config(spec, name=body["metadata"]["name"], accelerated=True)
        return [str(p) for p in check_artifact(spec.model.known_format, path, config)]
    except (InvalidResourceError, ConfigError) as error:
        return [str(problem) for problem in error.problems]


def _name_of(path: Path) -> str:
    """Return a name after the file, or after its folder where the file's says nothing."""
    from model_builders.importer import resource_name

    resolved = path.resolve()
    names = (
        resolved.name if resolved.is_dir() else resolved.stem,
        *(p.name for p in resolved.parents),
    )
    return next(
        (resource_name(n) for n in names if n not in _GENERIC and resource_name(n)), "model"
    )


def _default_uri(name: str, path: Path) -> str:
    return f"pvc://{_CLAIM}/{name}" + ("" if path.is_dir() else f"/model{path.suffix}")


def _batch(text: str) -> int:
    if not text.isdecimal() or int(text) > 65536:
        raise argparse.ArgumentTypeError(one_line(f"found {text!r}, expected 0 to 65536"))
    return int(text)
