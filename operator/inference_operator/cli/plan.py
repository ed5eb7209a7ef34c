"""`inference-operator plan` and `render`: the operator's plan and its reasons, offline."""

import argparse
from collections.abc import Callable
from typing import Any

from inference_operator.api.quoting import visible
from inference_operator.cli.arguments import add_input, refusals, report, unknown
from inference_operator.cli.documents import InputError
from inference_operator.cli.manifests import units
from inference_operator.domain.allow_lists import FORMS
from inference_operator.domain.kubectl_yaml import write_manifests
from inference_operator.domain.repository_plan import PLAN_FILE
from inference_operator.planning.plan import Delete, Plan
from inference_operator.planning.status.explain import explain
from inference_operator.settings import DEFAULTS, SettingsError, read_allow_lists, variable
from inference_operator.validation.defaults import Defaults

LIVE_KINDS = "inference,controllerrevision,configmap,deployment,service,pdb,pod,node"


def add_parser(subparsers: Any) -> None:
    """Add `plan` and `render`."""
    for name, words, func in (
        ("plan", "show what the operator would do with a manifest, and why", plan_command),
        ("render", "print the children and config.pbtxt of a manifest", render_command),
    ):
        parser = subparsers.add_parser(name, help=words, description=f"{words}, without a cluster")
        also = "; only children that differ from it are printed" if name == "render" else ""
        add_input(parser, LIVE_KINDS, also)
        parser.add_argument(
            "--triton-image",
            default=DEFAULTS.triton_image,
            help="image for specs without image (%(default)s)",
        )
        parser.add_argument(
            "--staged",
            action="store_true",
            help="as with INFERENCE_OPERATOR_DEFAULTS_ROLLOUT=Staged: show whether a newer default"
            " image would wait for a rollout slot",
        )
        for setting, form in FORMS.items():
            parser.add_argument(
                f"--{setting.replace('_', '-')}",
                metavar="LIST",
                help=f"allowed values, separated by commas ({form.expected}); default:"
                f" ${variable(setting)}",
            )
        parser.set_defaults(func=func)
        if name == "render":
            parser.add_argument(
                "--config", action="store_true", help="print only the config.pbtxt files"
            )


def plan_command(arguments: argparse.Namespace) -> int:
    """Print each plan; return 1 when a manifest cannot be served, 2 for unusable input."""
    return _each(arguments, lambda plan: print(explain(plan)))


def render_command(arguments: argparse.Namespace) -> int:
    """Print each plan's manifests as YAML, or only its config.pbtxt files."""
    show = _print_configs if arguments.config else _print_manifests

    def rendered(plan: Plan) -> None:
        show(plan)
        for sentence in unknown(plan):
            report(plan.key, sentence)

    return _each(arguments, rendered)


def _each(arguments: argparse.Namespace, show: Callable[[Plan], None]) -> int:
    try:
        plans = _plans(arguments)
    except (InputError, SettingsError) as error:
        report("inference-operator", error)
        return 2
    for plan in plans:
        refused = refusals(plan)
        if plan.assessment.invalid is None and (plan.actions or not refused):
            show(plan)
        for sentence in refused:
            report(plan.key, sentence)
    return 1 if any(map(refusals, plans)) else 0


def _plans(arguments: argparse.Namespace) -> list[Plan]:
    given = {name: text for name in FORMS if (text := getattr(arguments, name)) is not None}
    staged = DEFAULTS.defaults_rollout_units if arguments.staged else 0
    lists = read_allow_lists(given)
    defaults = Defaults(arguments.triton_image, DEFAULTS.loader_image, staged=staged, allowed=lists)
    return [plan for _, plan in units(arguments.filename, arguments.live, defaults)]


def _print_manifests(plan: Plan) -> None:
    manifests = [dict(a.manifest) for a in plan.actions if not isinstance(a, Delete)]
    print(write_manifests(manifests, explicit_start=True), end="")


def _print_configs(plan: Plan) -> None:
    for action in plan.actions:
        if action.key.kind != "ConfigMap" or isinstance(action, Delete):
            continue
        for name, text in action.manifest["data"].items():
            if name != PLAN_FILE:
                file = f"{name.removesuffix('.config.pbtxt')}/config.pbtxt"
                # An escape has the same meaning in the file, and a terminal does not obey it.
                lines = [visible(line) for line in f"# {plan.key}: {file}\n{text}".split("\n")]
                print("\n".join(lines), end="")
