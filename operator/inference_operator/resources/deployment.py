"""The Deployment of a revision. Its template never changes; only its replicas do."""

from inference_operator.domain.names import (
    BASELINE,
    TRACK_LABEL,
    baseline_name,
    revision_selector,
)
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.resources.metadata import Manifest, revision_metadata
from inference_operator.resources.pod import pod_template


def deployment(unit: ServingUnit) -> Manifest:
    """Return the Deployment without replicas; see `scaled`."""
    key = unit.key
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": revision_metadata(unit.owner, unit.revision),
        "spec": {
            "selector": {"matchLabels": revision_selector(key.kind, key.name, unit.revision)},
            # The rollout between revisions is ours: a ReplicaSet history would only hold copies.
            "revisionHistoryLimit": 0,
            "template": pod_template(unit),
        },
    }


def baseline(manifest: Manifest, replicas: int) -> Manifest:
    """Return the Deployment of a revision's baseline: the same pods, under another name and with
    one more label."""
    label = {TRACK_LABEL: BASELINE}
    meta, spec = manifest["metadata"], manifest["spec"]
    template = spec["template"]
    of_pods = template["metadata"]
    other = {
        **manifest,
        "metadata": {
            **meta,
            "name": baseline_name(meta["name"]),
            "labels": {**meta["labels"], **label},
        },
        "spec": {
            **spec,
            "selector": {"matchLabels": {**spec["selector"]["matchLabels"], **label}},
            "template": {
                **template,
                "metadata": {**of_pods, "labels": {**of_pods["labels"], **label}},
            },
        },
    }
    return scaled(other, replicas)


def scaled(manifest: Manifest, replicas: int) -> Manifest:
    """Return the Deployment with its number of pods."""
    return {**manifest, "spec": {**manifest["spec"], "replicas": replicas}}
