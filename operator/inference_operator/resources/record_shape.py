"""Shape of the children that a record may hold; they are all applied with the operator's own
rights."""

from collections.abc import Mapping

from inference_operator.domain.names import (
    UnitKey,
    revision_child_name,
    revision_labels,
    revision_selector,
)
from inference_operator.domain.repository_plan import (
    CONFIG_SUFFIX,
    MOST_DATA,
    MOST_MODELS,
    PLAN_FILE,
    PlanError,
    RepositoryPlan,
)
from inference_operator.resources.pod_shape import template_shape
from inference_operator.resources.shapes import (
    Mismatch,
    Shape,
    equal,
    fields,
    in_order,
    mismatch,
    table,
    text,
    whole,
)

_MOST_FILES = MOST_MODELS + 1
# Characters of plan.json for each file: most are those of an address.
_MOST_ENTRY = 32_768


def children_mismatch(unit: UnitKey, revision: str, children: object) -> Mismatch | None:
    """Return the first difference between the children and those that an operator renders. Accepted
    are one ConfigMap and one Deployment, named `<unit>-<revision>`, in the unit's namespace, with
    exactly our labels and no further metadata."""
    name = revision_child_name(unit.name, revision)
    labels = revision_labels(unit.kind, unit.name, revision)
    metadata = fields(
        {"name": equal(name), "namespace": equal(unit.namespace), "labels": equal(labels)}
    )
    config_map = fields(
        {
            "apiVersion": equal("v1"),
            "kind": equal("ConfigMap"),
            "metadata": metadata,
            "immutable": equal(True),
            "data": repository,
        }
    )
    selector = equal(revision_selector(unit.kind, unit.name, revision))
    deployment = fields(
        {
            "apiVersion": equal("apps/v1"),
            "kind": equal("Deployment"),
            "metadata": metadata,
            "spec": fields(
                {
                    "selector": fields({"matchLabels": selector}),
                    "revisionHistoryLimit": whole(0, 100),
                    "template": template_shape(name, labels),
                }
            ),
        }
    )
    return in_order(config_map, deployment)(children, "data.children")


_FILES: Shape = table(text(most=MOST_DATA), _MOST_FILES)


def repository(value: object, path: str) -> Mismatch | None:
    """Accept a plan.json that `load` can read, with each model's config.pbtxt, and nothing else."""
    problem = _FILES(value, path)
    if problem is not None or not isinstance(value, Mapping):
        return problem
    # First the checks of names and lengths alone: a plan may name thousands of models.
    for name in sorted(value):
        if name != PLAN_FILE and not name.endswith(CONFIG_SUFFIX):
            return mismatch(name, path, "no such file")
    size = sum(len(content.encode("utf-8", "surrogatepass")) for content in value.values())
    if size > MOST_DATA:
        return Mismatch(path, f"{size:,} bytes", f"{MOST_DATA:,} at most, as a ConfigMap holds")
    text_of_plan = value.get(PLAN_FILE, "")
    if len(text_of_plan) > _MOST_ENTRY * len(value):
        expected = f"{_MOST_ENTRY * len(value):,} at most for {len(value)} files"
        return Mismatch(path, f"{PLAN_FILE} of {len(text_of_plan):,} characters", expected)
    try:
        models = RepositoryPlan.from_json(text_of_plan, _most_models(value)).models
    except PlanError as error:
        return Mismatch(path, str(error)[:200].encode("ascii", "replace").decode(), "a plan")
    named = {PLAN_FILE, *(model.config_file for model in models)}
    for name in sorted(named ^ set(value)):
        expected = "no such file" if name in value else "a file for each planned model"
        return mismatch(name, path, expected)
    return None


def _most_models(files: Mapping[str, object]) -> int:
    """Return a little more than the number of files, so that the message can name a missing
    file."""
    return min(MOST_MODELS, len(files) + 20)
