"""`inference-operator simulate scaling`: numbers of pods on simulated time, without a cluster."""

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from inference_operator.cli.arguments import report
from inference_operator.cli.documents import InputError
from inference_operator.cli.scaling_simulation.arguments import (
    add_arguments,
    begin_from,
    trace_from,
)
from inference_operator.cli.scaling_simulation.manifest import played_of
from inference_operator.cli.scaling_simulation.report import lines, view
from inference_operator.cli.scaling_simulation.scenario import Result, Scenario, compared
from inference_operator.cli.simulated_unit import (
    add_format_argument,
    add_unit_arguments,
    needing_matplotlib,
    read_unit,
)
from inference_operator.settings import DEFAULTS, defaults_of

DESCRIPTION = """\
Play spec.autoscaling of a manifest against a load that is drawn or read from a file. The operator's
own code measures and decides, over a model of Triton's queue, and beside it the laws of a
HorizontalPodAutoscaler and of KEDA with the same targets. The decisions are printed, and --output
draws them. docs/autoscaling.md describes the trace. Exit status: 0, 1 if the manifest cannot be
served, 2 for unusable input.
"""
PICTURES = ("scaling.svg", "scaling.png")


def add_parser(kinds: Any) -> None:
    """Add `scaling` to the parsers of `simulate`."""
    parser = kinds.add_parser(
        "scaling", help="play spec.autoscaling against a load", description=DESCRIPTION
    )
    add_unit_arguments(parser, "scale")
    add_arguments(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        help=f"folder for the pictures {' and '.join(PICTURES)}; it is made if it is not there",
    )
    add_format_argument(parser)
    parser.set_defaults(func=scaling_command)


def scaling_command(arguments: argparse.Namespace) -> int:
    """Play a trace; return 1 if the manifest cannot be served, 2 for unusable input."""
    try:
        folder = _folder(arguments.output)
        scenario = _scenario(arguments)
        if scenario is None:
            return 1
        result = compared(scenario)
        if folder is not None:
            _draw(result, folder)
    except InputError as error:
        report("inference-operator", error)
        return 2
    if arguments.format == "json":
        print(json.dumps(view(result), indent=2))
        return 0
    for line in lines(result):
        print(line)
    return 0


def _scenario(arguments: argparse.Namespace) -> Scenario | None:
    """Return what to play; None if a manifest was refused, which is reported."""
    unit, _, is_served = read_unit(arguments, "scale", defaults_of(DEFAULTS))
    if not is_served:
        return None
    played = played_of(unit.key, unit.body["spec"])
    return Scenario(played, trace_from(arguments, played), begin_from(arguments))


def _folder(output: str | None) -> Path | None:
    """Return the folder of the pictures; InputError if matplotlib is missing."""
    if output is None:
        return None
    with needing_matplotlib():
        import_module("matplotlib")
    return Path(output)


def _draw(result: Result, folder: Path) -> None:
    from inference_operator.cli.scaling_simulation.picture import draw

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in PICTURES:
            draw(result, folder / name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
