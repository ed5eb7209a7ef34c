"""`inference-operator plan` and `render`: what would happen and why, without a cluster."""

import argparse
import re
from collections.abc import Callable
from typing import Any

import yaml

from inference_operator.api.quoting import visible
from inference_operator.cli.arguments import add_input, refusals, say, unknown
from inference_operator.cli.documents import InputError
from inference_operator.cli.manifests import units
from inference_operator.domain.allow_lists import FORMS
from inference_operator.domain.repository_plan import PLAN_FILE
from inference_operator.planning.plan import Delete, Plan
from inference_operator.planning.status.explain import explain
from inference_operator.settings import DEFAULTS, SettingsError, read_allow_lists, variable
from inference_operator.validation.defaults import Defaults

LIVE_KINDS = "inference,controllerrevision,configmap,deployment,service,pdb,pod,node"


def add_parser(subparsers: Any) -> None:
    """Add `plan` and `render`."""
    for name, words, func in (
        ("plan", "say what would happen to a manifest, and why", plan_command),
        ("render", "print the children and config.pbtxt of a manifest", render_command),
    ):
        parser = subparsers.add_parser(name, help=words, description=f"{words}, without a cluster")
        also = "; only children that differ from it are printed" if name == "render" else ""
        add_input(parser, LIVE_KINDS, also)
        parser.add_argument(
            "--triton-image",
            default=DEFAULTS.triton_image,
            help="image of specs that name none (%(default)s)",
        )
        parser.add_argument(
            "--staged",
            action="store_true",
            help="as with INFERENCE_OPERATOR_DEFAULTS_ROLLOUT=Staged: whether the image of specs"
            " that name none is newer than what runs, and would wait for its turn",
        )
        for setting, form in FORMS.items():
            parser.add_argument(
                f"--{setting.replace('_', '-')}",
                metavar="LIST",
                help=f"what a spec may name, separated by commas ({form.expected}); absent: what"
                f" {variable(setting)} says",
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
    show = _print_configs if arguments.config else _print_manifests

    def rendered(found: Plan) -> None:
        show(found)
        for sentence in unknown(found):
            say(found.key, sentence)

    return _each(arguments, rendered)


def _each(arguments: argparse.Namespace, show: Callable[[Plan], None]) -> int:
    try:
        plans = _plans(arguments)
    except (InputError, SettingsError) as error:
        say("inference-operator", error)
        return 2
    for found in plans:
        refused = refusals(found)
        if found.invalid is None and (found.actions or not refused):
            show(found)
        for sentence in refused:
            say(found.key, sentence)
    return 1 if any(map(refusals, plans)) else 0


def _plans(arguments: argparse.Namespace) -> list[Plan]:
    given = {name: text for name in FORMS if (text := getattr(arguments, name)) is not None}
    staged = DEFAULTS.defaults_rollout_units if arguments.staged else 0
    lists = read_allow_lists(given)
    defaults = Defaults(arguments.triton_image, DEFAULTS.loader_image, staged=staged, allowed=lists)
    return [found for _, found in units(arguments.filename, arguments.live, defaults)]


def _print_manifests(found: Plan) -> None:
    manifests = [dict(a.manifest) for a in found.actions if not isinstance(a, Delete)]
    print(yaml.dump_all(manifests, Dumper=_Readable, sort_keys=False, explicit_start=True), end="")


def _print_configs(found: Plan) -> None:
    for action in found.actions:
        if action.key.kind != "ConfigMap" or isinstance(action, Delete):
            continue
        for name, text in action.manifest["data"].items():
            if name != PLAN_FILE:
                file = f"{name.removesuffix('.config.pbtxt')}/config.pbtxt"
                # An escape means the same there, and a terminal does not obey it.
                lines = [visible(line) for line in f"# {found.key}: {file}\n{text}".split("\n")]
                print("\n".join(lines), end="")


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
