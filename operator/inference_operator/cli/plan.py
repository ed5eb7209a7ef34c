"""`inference-operator plan` and `render`: the operator's plan and its reasons; `plan` compares it
with a cluster if it is given one."""

import argparse
import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from inference_operator.api.quoting import visible
from inference_operator.cli.arguments import add_input, refusals, report, unknown
from inference_operator.cli.cluster_access import add_context, answered
from inference_operator.cli.documents import InputError
from inference_operator.cli.live_cluster import (
    LiveCluster,
    namespace_for,
    read_cluster,
    reads_cluster,
)
from inference_operator.cli.manifests import (
    Live,
    misread_in,
    planned,
    read_files,
)
from inference_operator.cli.node_forecast import would_wait
from inference_operator.cli.plan_differences import differences
from inference_operator.cli.resources import Resource
from inference_operator.domain.allow_lists import FORMS
from inference_operator.domain.kubectl_yaml import write_manifests
from inference_operator.domain.repository_plan import PLAN_FILE
from inference_operator.planning.plan import Delete, Plan
from inference_operator.planning.status.explain import explain
from inference_operator.planning.status.percentile_source import Measuring
from inference_operator.settings import (
    DEFAULTS,
    Settings,
    SettingsError,
    defaults_of,
    read_allow_lists,
    read_prometheus,
    variable,
)
from inference_operator.validation.defaults import Defaults

LIVE_KINDS = "inference,controllerrevision,configmap,deployment,service,pdb,pod,node"
_DESCRIPTIONS = {
    "plan": "Show what the operator would do with a manifest, and why. With --context or KUBECONFIG"
    " it reads the cluster, and shows what differs from what runs there: spec, config.pbtxt, pod."
    " It never writes. Exit status: 0, 1 if a manifest cannot be served, 2 for unusable input, 3 if"
    " the cluster cannot be read.",
    "render": "print the children and config.pbtxt of a manifest, without a cluster",
}


def add_parser(subparsers: Any) -> None:
    """Add `plan` and `render`."""
    for name, words, func in (
        ("plan", "show what the operator would do with a manifest, and why", plan_command),
        ("render", "print the children and config.pbtxt of a manifest", render_command),
    ):
        parser = subparsers.add_parser(name, help=words, description=_DESCRIPTIONS[name])
        also = "; only children that differ from it are printed" if name == "render" else ""
        add_input(parser, LIVE_KINDS, also)
        parser.add_argument(
            "--triton-image",
            help=f"image for specs without image (that of the cluster's operator, or"
            f" {DEFAULTS.triton_image})",
        )
        parser.add_argument(
            "-n", "--namespace", help="namespace of manifests that name none (as for kubectl)"
        )
        if name == "plan":
            add_context(parser)
            parser.add_argument(
                "--offline", action="store_true", help="do not read the cluster of KUBECONFIG"
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
    return answered(lambda: _plan(arguments))


def _plan(arguments: argparse.Namespace) -> int:
    try:
        namespace = namespace_for(arguments)
        ours, live = read_files(arguments.filename, arguments.live, namespace)
        cluster = LiveCluster(live, None)
        if reads_cluster(arguments):
            namespaces = {resource.key.namespace for resource in ours}
            cluster = asyncio.run(read_cluster(arguments, namespaces))
        defaults = _defaults(arguments, cluster.settings)
        measuring = _measuring(cluster.settings)
        plans = [*planned(ours, cluster.live, defaults)]
    except (InputError, SettingsError) as error:
        report("inference-operator", error)
        return 2
    for note in cluster.notes:
        report("note", note)

    def show(plan: Plan) -> None:
        print(explain(plan, measuring))
        for line in _comparison(plan, cluster.live, specs[plan.key]):
            print(visible(line))

    specs = {resource.key: resource.body.get("spec") for resource in ours}
    return max(_misread(ours), _shown([plan for _, plan in plans], show))


def _comparison(plan: Plan, live: Live, spec: Any) -> Iterator[str]:
    """Yield what the nodes rule out, and what differs from the live state."""
    unit, record = plan.assessment.unit, plan.records.get(plan.assessment.revision or "")
    sentence = would_wait(unit, record, live.nodes) if unit and record else ""
    if sentence:
        yield f"  {sentence}"
    body = live.body(plan.key)
    yield from differences(plan, body.get("spec") if body else None, spec)


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
        namespace = arguments.namespace or "default"
        ours, live = read_files(arguments.filename, arguments.live, namespace)
        plans = [plan for _, plan in planned(ours, live, _defaults(arguments, None))]
    except (InputError, SettingsError) as error:
        report("inference-operator", error)
        return 2
    if misread := _misread(ours):
        # Only problems are shown: kubectl would send other manifests than these.
        _shown(plans, lambda plan: None)
        return misread
    return _shown(plans, show)


def _misread(ours: Sequence[Resource]) -> int:
    """Report scalars that kubectl would read as something else; return 2 if there are any.

    The plan is of the texts that they look like, so that all problems are shown at once.
    """
    sentences = misread_in(ours)
    for sentence in sentences:
        report("inference-operator", sentence)
    return 2 if sentences else 0


def _shown(plans: Sequence[Plan], show: Callable[[Plan], None]) -> int:
    for plan in plans:
        refused = refusals(plan)
        if plan.assessment.invalid is None and (plan.actions or not refused):
            show(plan)
        for sentence in refused:
            report(plan.key, sentence)
    return 1 if any(map(refusals, plans)) else 0


def _defaults(arguments: argparse.Namespace, settings: Settings | None) -> Defaults:
    """Return the cluster's settings, or else the defaults, with those of the arguments."""
    given = {name: text for name in FORMS if (text := getattr(arguments, name)) is not None}
    base = defaults_of(settings or DEFAULTS)
    lists = read_allow_lists(given) if given or settings is None else base.allowed
    return replace(
        base,
        triton_image=arguments.triton_image or base.triton_image,
        staged=DEFAULTS.defaults_rollout_units if arguments.staged else base.staged,
        allowed=lists,
    )


def _measuring(settings: Settings | None) -> Measuring:
    """Return what the cluster's settings say about metrics, or else those of the environment.

    An environment without an address says nothing about the operator's.
    """
    given = settings or read_prometheus()
    has_prometheus = bool(given.prometheus_url)
    is_said = settings is not None or has_prometheus
    return Measuring(given.prometheus_gateway_metric, has_prometheus if is_said else None)


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
