"""`inference-operator graph`: an EnsemblePipeline as a drawing, without a cluster."""

import argparse
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

from inference_operator.api.ensemble_pipeline import KIND
from inference_operator.api.validate import InvalidResourceError
from inference_operator.commands.documents import InputError
from inference_operator.commands.manifests import units
from inference_operator.domain.observed import Observed
from inference_operator.domain.validation import Defaults
from inference_operator.planning.drawing import Drawing, drawing
from inference_operator.settings import Settings
from model_builders.graph.drawing.mermaid import mermaid
from model_builders.graph.drawing.picture import picture
from model_builders.graph.drawing.svg import svg

DESCRIPTION = """\
Draw an EnsemblePipeline: its inputs, steps and outputs, and each tensor on its way with type and
shape. What the operator would refuse is red, and said on stderr with exit status 1. The models that
steps refer to are read from the same file, and from --live; those found in neither are drawn
without their shapes.
"""


class Format(StrEnum):
    """How the drawing is written."""

    MERMAID = "mermaid"
    SVG = "svg"


_WRITERS = {Format.MERMAID: mermaid, Format.SVG: svg}


def add_parser(subparsers: Any) -> None:
    """Add `graph`."""
    parser = subparsers.add_parser(
        "graph",
        help="draw the steps of a pipeline and the tensors between them",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-f", "--filename", required=True, help="manifests, or - for stdin")
    parser.add_argument("--name", help=f"which {KIND}, where the manifests hold several")
    parser.add_argument(
        "--format",
        choices=list(Format),
        help="absent: svg where FILE ends so, else mermaid",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it; absent: stdout")
    parser.add_argument(
        "--live",
        metavar="FILE",
        help="what is in the cluster now: the output of"
        " `kubectl get inference,controllerrevision,configmap -o yaml`",
    )
    parser.set_defaults(func=graph_command)


def graph_command(arguments: argparse.Namespace) -> int:
    """Draw one pipeline; 1 when the operator would refuse it, 2 for unusable input."""
    try:
        seen = _pipeline(arguments)
        try:
            found = drawing(seen)
        except InvalidResourceError as error:
            return _refused(seen, error.errors)
        _write(arguments, found)
    except InputError as error:
        print(f"inference-operator: {error}", file=sys.stderr)
        return 2
    for sentence in found.unknown:
        print(f"{seen.owner.key}: not all shapes are known: {sentence}", file=sys.stderr)
    return _refused(seen, found.problems) if found.problems else 0


def _pipeline(arguments: argparse.Namespace) -> Observed:
    settings = Settings()
    defaults = Defaults(settings.triton_image, settings.loader_image)
    seen = list(units(arguments.filename, arguments.live, defaults))
    pipelines = [one for one in seen if one.owner.key.kind == KIND]
    wanted = [one for one in pipelines if arguments.name in (None, one.owner.key.name)]
    if len(wanted) == 1:
        return wanted[0]
    there = ", ".join(one.owner.key.name for one in pipelines) or f"no {KIND}"
    if arguments.name is None:
        expected = f"one {KIND}" + ("; choose it with --name" if pipelines else "")
    else:
        expected = f"one {KIND} called {arguments.name}"
    raise InputError(f"{arguments.filename}: found {there}, expected {expected}")


def _write(arguments: argparse.Namespace, found: Drawing) -> None:
    text = _WRITERS[_format(arguments)](
        picture(found.graph, runs=found.runs, problems=found.problems)
    )
    if arguments.output is None:
        print(text, end="")
        return
    try:
        Path(arguments.output).write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{arguments.output}: cannot be written: {error}") from None


def _format(arguments: argparse.Namespace) -> Format:
    if arguments.format is not None:
        return Format(arguments.format)
    ends = (arguments.output or "").lower().endswith(".svg")
    return Format.SVG if ends else Format.MERMAID


def _refused(seen: Observed, problems: Any) -> int:
    for problem in problems:
        print(f"{seen.owner.key}: {problem}", file=sys.stderr)
    return 1
