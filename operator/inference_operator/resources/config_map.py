"""The immutable ConfigMap of a revision: the repository plan and each model's config.pbtxt."""

from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlannedModel,
    RepositoryPlan,
)
from inference_operator.domain.serving_unit import ServedModel, ServingUnit
from inference_operator.resources.metadata import Manifest, revision_metadata


def config_map(unit: ServingUnit) -> Manifest:
    """What `inference-operator load` reads in the pod."""
    planned = tuple(_planned(model) for model in unit.models)
    data = {PLAN_FILE: RepositoryPlan(planned).to_json()}
    for plan, model in zip(planned, unit.models, strict=True):
        data[plan.config_file] = model.config
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": revision_metadata(unit.owner, unit.revision),
        "immutable": True,
        "data": data,
    }


def _planned(model: ServedModel) -> PlannedModel:
    return PlannedModel(
        name=model.name,
        version=model.version,
        format=ArtifactFormat(model.format.value),
        uri=model.download,
        sha256=model.sha256,
        credentials=model.source.secret_ref.name if model.source.secret_ref else None,
    )
