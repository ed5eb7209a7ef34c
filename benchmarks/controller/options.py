"""The options of a run."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from hack.console import StepError

DEFAULT = ("bare", "burst", "idle", "edits", "restart", "defaults", "delete")
ALL = (*DEFAULT[:-1], "soak", "delete", "upgrade", "growth")
# Nothing becomes Ready, nothing is collected.
NEED_PODS = ("edits", "delete", "upgrade")


@dataclass(frozen=True, slots=True)
class Options:
    """The amount of work for the subjects, and what is measured."""

    n: int
    phases: tuple[str, ...] = DEFAULT
    samples: int = 100
    idle_seconds: float = 60
    late_seconds: float = 3
    """How long after a start an operator's writes still count."""

    events_per_object: int = 10
    before: Path | None = None
    """An older checkout, whose operator makes the custom resources before an upgrade."""

    profile: Path | None = None
    """Where the first subject's profile is written."""

    output: Path | None = None
    """Where the result is written; logs and a plot go beside it."""


def parse() -> tuple[Options, list[str], bool]:
    """Return the options of the command line, the subjects' names, and whether there are pods."""
    given = _parser().parse_args()
    default = [name for name in DEFAULT if given.pods or name not in NEED_PODS]
    if given.before:
        default.append("upgrade")
    phases = tuple(given.phases.split(",")) if given.phases else tuple(default)
    options = Options(
        n=given.n,
        phases=phases,
        samples=given.samples,
        idle_seconds=given.idle,
        events_per_object=given.events,
        before=given.before and given.before.resolve(),
        profile=given.profile and given.profile.resolve(),
        output=given.output,
    )
    _check(options, given.pods)
    return options, given.subject or ["inference-operator"], given.pods


def _check(options: Options, pods: bool) -> None:
    if unknown := set(options.phases) - set(ALL):
        raise StepError(f"unknown phase {', '.join(unknown)}", f"Use {', '.join(ALL)}.")
    if not pods and (need := set(options.phases) & set(NEED_PODS)):
        raise StepError(
            f"{', '.join(need)} cannot be measured on an API server alone",
            "Leave out --api-server-only, or these phases.",
        )
    if ("upgrade" in options.phases) != bool(options.before):
        raise StepError("the phase upgrade and --before need each other", "Give both or neither.")
    if options.before and not (options.before / "operator").is_dir():
        raise StepError(
            f"--before: {options.before} has no folder operator/",
            "Name the root of a checkout, such as one of `git worktree add`.",
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.controller",
        description="Measure operators with N custom resources, beside a bare client.",
    )
    parser.add_argument("--n", type=int, default=100, help="custom resources")
    parser.add_argument(
        "--subject",
        action="append",
        help="an operator: a name in subjects/, or a file; may be repeated",
    )
    parser.add_argument(
        "--phases",
        help=f"some of {','.join(ALL)} (default: {','.join(DEFAULT)}, and upgrade with"
        " --before); upgrade and growth need no other phase, and growth is always measured on API"
        " servers alone",
    )
    parser.add_argument(
        "--api-server-only",
        dest="pods",
        action="store_false",
        help="start no controller manager: there are no pods, and nothing becomes Ready",
    )
    parser.add_argument(
        "--before",
        type=Path,
        metavar="PATH",
        help="also measure the start of this operator where the one of that checkout made the"
        " custom resources",
    )
    parser.add_argument(
        "--profile",
        type=Path,
        metavar="FILE",
        help="sample the stacks of the first subject, which must be a Python program",
    )
    parser.add_argument("--samples", type=int, default=100, help="edits of each kind")
    parser.add_argument("--idle", type=float, default=60, help="seconds of the idle phase")
    parser.add_argument("--events", type=int, default=10, help="events of the soak for each object")
    parser.add_argument("--output", type=Path, help="JSON to write; log and plot go beside it")
    return parser
