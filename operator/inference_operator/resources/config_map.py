"""The immutable ConfigMap of a revision: the repository plan and each model's config.pbtxt."""

from inference_operator.domain.repository_plan import PLAN_FILE, RepositoryPlan
from inference_operator.domain.serving_unit import ServingUnit
from inference_operator.resources.metadata import Manifest, revision_metadata


def config_map(unit: ServingUnit) -> Manifest:
    """Return the data that `inference-operator load` reads in the pod."""
    plan = RepositoryPlan(tuple(model.planned for model in unit.models))
    data = {PLAN_FILE: plan.to_json()}
    data |= {model.planned.config_file: model.config for model in unit.models}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": revision_metadata(unit.owner, unit.revision),
        "immutable": True,
        "data": data,
    }
