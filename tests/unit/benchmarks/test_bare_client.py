"""The bare client writes what the operator wrote, for other custom resources."""

from typing import Any

import pytest

from benchmarks.controller.bare_client import PATTERN, BareClient
from benchmarks.controller.subject import Kind, load
from benchmarks.controller.written_fields import written_by_operator

CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": f"{PATTERN}-1a",
        "namespace": "there",
        "ownerReferences": [
            {"kind": "InferenceModel", "name": PATTERN, "uid": "1"},
            {"kind": "Other", "name": "other", "uid": "2"},
        ],
    },
    "data": {"namespace": "there", "name": PATTERN},
}


@pytest.mark.parametrize(
    ("variant", "method", "path"),
    [
        ("POST", "POST", "/api/v1/namespaces/here/configmaps"),
        (
            "apply",
            "PATCH",
            "/api/v1/namespaces/here/configmaps/model-7-1a?fieldManager=benchmark&force=true",
        ),
    ],
)
def test_the_bare_client_creates_a_custom_resource_and_its_children(
    variant: str, method: str, path: str
) -> None:
    subject = load("inference-operator")
    kind = Kind.model_validate({"apiVersion": "v1", "plural": "configmaps"})

    first, second = BareClient(subject, [(kind, CONFIG)], variant).requests("model-7", "here")

    assert first.method == "POST"
    assert first.body == subject.custom_resource("model-7", "here")
    assert (second.method, second.path) == (method, path)
    assert second.body["data"] == {"namespace": "here", "name": "model-7"}
    owners = second.body["metadata"]["ownerReferences"]
    assert [owner["uid"] for owner in owners] == ["{uid}", "2"]


def live(**entry: Any) -> dict[str, Any]:
    """Return a Deployment that its operator wrote, with the API server's defaults."""
    fields = {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:env": {}}},
        },
    }
    own = {"manager": "ours", "operation": "Apply", "fieldsV1": fields, **entry}
    others = {"manager": "kube-controller-manager", "operation": "Update"}
    status = {"manager": "ours", "operation": "Apply", "subresource": "status"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "x",
            "namespace": "here",
            "uid": "1",
            "labels": {"app": "a", "theirs": "b"},
            "managedFields": [
                own,
                {**others, "fieldsV1": {"f:metadata": {"f:uid": {}}}},
                {**status, "fieldsV1": {"f:status": {}}},
            ],
        },
        "spec": {
            "replicas": 1,
            "paused": False,
            "containers": [{"name": "a", "env": [{"name": "E"}], "tty": False}, {"name": "b"}],
        },
        "status": {"replicas": 1},
    }


@pytest.mark.parametrize("operation", ["Apply", "Update"])
def test_a_copy_has_only_the_fields_that_the_operator_wrote(operation: str) -> None:
    assert written_by_operator(live(operation=operation)) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x", "namespace": "here", "labels": {"app": "a"}},
        "spec": {"replicas": 1, "containers": [{"name": "a", "env": [{"name": "E"}]}]},
    }
