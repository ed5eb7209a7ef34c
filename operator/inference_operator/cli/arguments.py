"""What commands that ask before anything is applied are given, and what they fail for."""

import argparse
import sys

from inference_operator.api.quoting import one_line
from inference_operator.planning.plan import Plan


def add_input(parser: argparse.ArgumentParser, kinds: str, also: str = "") -> None:
    """Add `-f` and `--live`, for which `kubectl get` prints these kinds."""
    parser.add_argument(
        "-f",
        "--filename",
        required=True,
        action="append",
        metavar="FILE",
        help="manifests: a file, a folder (its .json, .yaml and .yml files), or - for stdin;"
        " may be given several times",
    )
    parser.add_argument(
        "--live",
        action="append",
        default=[],
        metavar="FILE",
        help=f"what is in the cluster now: the output of `kubectl get {kinds} -o yaml`{also}",
    )


def refusals(found: Plan) -> tuple[str, ...]:
    """Why a manifest cannot be served, or not reached by clients; empty where it is fine so far."""
    if found.invalid is not None:
        return tuple(map(str, found.invalid.problems))
    if found.unit is None and found.unresolved is not None and found.unresolved.is_definite:
        return (found.unresolved.message,)
    return found.conflicts


def unknown(found: Plan) -> tuple[str, ...]:
    """Why nothing is made of a manifest yet that may be fine all the same."""
    if found.unit is not None or found.unresolved is None or refusals(found):
        return ()
    return (f"not known yet: {found.unresolved.message}",)


def say(subject: object, sentence: object) -> None:
    """On stderr, where pipes do not swallow it."""
    print(one_line(f"{subject}: {sentence}"), file=sys.stderr)
