"""Which children a record may hold. Everything here is applied with the operator's own rights."""

from collections.abc import Mapping

from inference_operator.domain.names import (
    UnitKey,
    revision_child_name,
    revision_labels,
    revision_selector,
)
from inference_operator.domain.repository_plan import PLAN_FILE, PlanError, RepositoryPlan
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

# The API server stores no larger objects.
_MOST_BYTES = 1_600_000
_MOST_FILES = 1024


def children_mismatch(unit: UnitKey, revision: str, children: object) -> Mismatch | None:
    """Return the first thing in which the children differ from what an operator renders.

    Accepted are one ConfigMap and one Deployment, named `<unit>-<revision>`, in the unit's
    namespace, with exactly our labels and no further metadata.
    """
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


_FILES: Shape = table(text(most=_MOST_BYTES), _MOST_FILES)


def repository(value: object, path: str) -> Mismatch | None:
    """Accept a plan.json that `load` can read, with each model's config.pbtxt, and no more."""
    problem = _FILES(value, path)
    if problem is not None or not isinstance(value, Mapping):
        return problem
    try:
        models = RepositoryPlan.from_json(value.get(PLAN_FILE, "")).models
    except PlanError as error:
        return Mismatch(path, str(error)[:200].encode("ascii", "replace").decode(), "a plan")
    named = {PLAN_FILE, *(model.config_file for model in models)}
    for name in sorted(named ^ set(value)):
        expected = "no such file" if name in value else "a file for each planned model"
        return mismatch(name, path, expected)
    return None
