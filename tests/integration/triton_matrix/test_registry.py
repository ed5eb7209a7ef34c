"""Triton serves the version of each network that an alias of the registry names."""

import pytest
import tritonclient.http as triton_http

from hack.images.local_triton import LocalTriton
from hack.services.mlflow.server import LocalMlflow
from inference_operator.domain.serving_unit import ServingUnit
from tests.integration.triton_matrix.served_networks import SUFFIX, Served
from training.models.catalog import MODELS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

every_format = pytest.mark.parametrize("form", SUFFIX)
every_model = pytest.mark.parametrize("name", MODELS)


@every_model
@every_format
def test_the_version_that_the_alias_names_is_served_and_no_other(
    triton: LocalTriton, name: str, form: str
) -> None:
    served = Served(name, form)
    with triton_http.InferenceServerClient(triton.http) as client:
        assert client.get_model_metadata(served.in_triton)["versions"] == [str(served.version)]


@every_model
@every_format
def test_it_was_fetched_from_the_registry_by_its_digest(
    units: dict[Served, ServingUnit], tracking_server: LocalMlflow, name: str, form: str
) -> None:
    served = Served(name, form)
    model = units[served].entry_model
    assert model.uri == f"models:/{name}/{served.version}"
    assert model.planned.uri is not None
    assert model.planned.uri.startswith(f"{tracking_server.uri}/model-versions/get-artifact?")
    assert model.planned.sha256 is not None


@every_model
@every_format
def test_the_registry_completes_the_spec_to_what_a_person_would_write(
    units: dict[Served, ServingUnit], name: str, form: str
) -> None:
    served = Served(name, form)
    assert units[served].entry_model.config == served.config
