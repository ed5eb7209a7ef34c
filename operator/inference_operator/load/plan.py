"""Reader of the plan's folder, an immutable ConfigMap: models, and the config.pbtxt of each."""

from dataclasses import dataclass
from pathlib import Path

from inference_operator.domain.digests_file import DIGESTS_FILE, digests_from_json
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


def read_digests(folder: Path) -> dict[str, str]:
    """Return the digests that the revision has served, by model; none where there is no file."""
    try:
        return digests_from_json((folder / DIGESTS_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise PlanError(f"cannot read {path}: {error}") from None
