"""Reader of the plan's folder, an immutable ConfigMap: models, and the config.pbtxt of each."""

from dataclasses import dataclass
from pathlib import Path

from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    PlanError,
    PlannedModel,
    RepositoryPlan,
)


@dataclass(frozen=True, slots=True)
class ModelOrder:
    """One model to lay out and the text of its config.pbtxt."""

    model: PlannedModel
    config: str


def read_plan(folder: Path) -> tuple[ModelOrder, ...]:
    """Return every model of the plan; PlanError when the folder has no complete plan."""
    plan = RepositoryPlan.from_json(_text(folder / PLAN_FILE))
    return tuple(ModelOrder(model, _text(folder / model.config_file)) for model in plan.models)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise PlanError(f"cannot read {path}: {error}") from None
