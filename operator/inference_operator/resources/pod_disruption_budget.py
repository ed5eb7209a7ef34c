"""The PodDisruptionBudget: a node drain takes one pod of the serving revision at a time."""

from collections.abc import Mapping
from typing import Any

from inference_operator.domain.names import REVISION_LABEL, revision_selector
from inference_operator.domain.serving_unit import Owner
from inference_operator.domain.sizes import BUDGET_FROM
from inference_operator.resources.metadata import Manifest, unit_metadata


def pod_disruption_budget(owner: Owner, revision: str, replicas: int) -> Manifest | None:
    """Return the budget for two replicas or more; with one, it would only block every drain.

    Pods of a revision without clients do not count: while they fail, drains would wait for them.
    Pods that are not ready may always be evicted, for the same reason.
    """
    if replicas < BUDGET_FROM:
        return None
    key = owner.key
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": unit_metadata(owner, key.name),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": revision_selector(key.kind, key.name, revision)},
        },
    }


def selected_by_budget(manifest: Mapping[str, Any]) -> str | None:
    """Return the revision whose pods a live budget counts; None if it counts those of all."""
    selector = manifest.get("spec", {}).get("selector") or {}
    revision = (selector.get("matchLabels") or {}).get(REVISION_LABEL)
    return revision if isinstance(revision, str) else None
