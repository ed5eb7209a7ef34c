"""Differences between what runs and what a plan would run: spec, config.pbtxt and pod."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from inference_operator.api.quoting import counted
from inference_operator.domain.observed import RevisionRecord
from inference_operator.domain.repository_plan import PLAN_FILE
from inference_operator.planning.plan import Plan

_MOST_LINES = 200
_LONGEST = 20_000
_CONTEXT = 2
_REVISION = "REVISION"


def differences(plan: Plan, live_spec: Any, spec: Any) -> Iterator[str]:
    """Yield lines for people; none where there is nothing to compare with."""
    if live_spec is not None:
        yield from _section("spec", _yaml(live_spec), _yaml(spec))
    state = plan.rollout.state
    running = plan.records.get(state.serving or state.stable or state.canary or "")
    target = plan.records.get(plan.assessment.revision or "")
    if running is None or target is None or running.revision == target.revision:
        return
    before, after = running.repository, target.repository
    names = [name for name in dict.fromkeys((*before, *after)) if name != PLAN_FILE]
    for name in names:
        file = f"{name.removesuffix('.config.pbtxt')}/config.pbtxt"
        yield from _section(file, before.get(name, ""), after.get(name, ""))
    yield from _section("pod", _pod(running), _pod(target))


def _pod(record: RevisionRecord) -> str:
    """Return the pod's spec. Names hold the revision, which is another one in any case."""
    templates = [c["spec"]["template"] for c in record.children if c["kind"] == "Deployment"]
    spec = templates[0]["spec"] if templates else {}
    return _yaml(spec).replace(record.revision, _REVISION)


def _yaml(value: Any) -> str:
    return yaml.dump(_plain(value), Dumper=_Plain, sort_keys=True, width=1000, allow_unicode=True)


class _Plain(yaml.SafeDumper):
    """A dumper without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _section(title: str, before: str, after: str) -> Iterator[str]:
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return
    if max(len(old), len(new)) > _LONGEST:
        yield f"  {title}: differs; it is too long to be shown"
        return
    # The first two lines name files.
    lines = list(difflib.unified_diff(old, new, n=_CONTEXT, lineterm=""))[2:]
    yield f"  {title}: - runs now, + would run"
    yield from (f"    {line}" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"    ... and {counted(len(lines) - _MOST_LINES, 'more line')}"
