"""The PodDisruptionBudget: a node drain takes one pod at a time."""

from inference_operator.domain.names import unit_selector
from inference_operator.domain.serving_unit import Owner
from inference_operator.resources.metadata import Manifest, unit_metadata


def pod_disruption_budget(owner: Owner, replicas: int) -> Manifest | None:
    """Return the budget for two replicas or more; with one, it would only block every drain."""
    if replicas < 2:
        return None
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": unit_metadata(owner, owner.key.name),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": unit_selector(owner.key.kind, owner.key.name)},
        },
    }
