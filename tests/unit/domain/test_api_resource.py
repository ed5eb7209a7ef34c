"""Paths of the API server's URLs: a name stays one segment, whatever is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from inference_operator.adapters.mlflow.client import Mlflow
from inference_operator.domain.api_resource import ApiResource, segment
from inference_operator.observation.kinds import CHILD_BY_KIND, INFERENCE_MODEL

POD = CHILD_BY_KIND["Pod"]
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in (".", "..")
)


@pytest.mark.parametrize(
    ("resource", "namespace", "name", "path"),
    [
        (POD, None, None, "/api/v1/pods"),
        (POD, "", None, "/api/v1/pods"),
        (POD, "desk-7", None, "/api/v1/namespaces/desk-7/pods"),
        (POD, "desk-7", "fx.0", "/api/v1/namespaces/desk-7/pods/fx.0"),
        (
            INFERENCE_MODEL,
            "desk-7",
            "fx",
            "/apis/inference.aipx.io/v1alpha1/namespaces/desk-7/inferencemodels/fx",
        ),
        (POD, "a/b?c#d", "../x", "/api/v1/namespaces/a%2Fb%3Fc%23d/pods/..%2Fx"),
    ],
)
def test_a_path(resource: ApiResource, namespace: str | None, name: str | None, path: str) -> None:
    assert resource.path(namespace, name) == path


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected the name of an object"):
        POD.path("desk-7", name)
    with pytest.raises(ValueError, match="expected the name of an object"):
        segment(name)
    if name:
        with pytest.raises(ValueError, match="expected the name of an object"):
            POD.path(name, "x")


@given(NAMES, NAMES)
def test_any_other_name_arrives_as_it_is(namespace: str, name: str) -> None:
    url = URL(f"https://server{POD.path(namespace, name)}?limit=1", encoded=False)

    assert url.raw_path.count("/") == 6
    assert url.parts[4:] == (namespace, "pods", name)
    assert dict(url.query) == {"limit": "1"}
    assert not url.fragment


def test_an_id_of_the_registry_is_one_segment() -> None:
    mlflow = Mlflow.__new__(Mlflow)
    mlflow.uri = "https://mlflow.example"
    with pytest.raises(ValueError, match=r"found the name '\.\.'"):
        mlflow.logged_model_file("..", "model.onnx")
    assert mlflow.logged_model_file("m/../x", "a").startswith(
        "https://mlflow.example/ajax-api/2.0/mlflow/logged-models/m%2F..%2Fx/artifacts/files?"
    )
