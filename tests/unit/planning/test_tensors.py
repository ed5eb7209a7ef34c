"""The addresses of a served model in its status, and the tensors that its artifact declares."""

from inference_operator.api.reasons import Reason
from inference_operator.domain.declared_tensors import DeclaredTensor, DeclaredTensors
from inference_operator.domain.load_report import LoadedModel, LoadReport
from inference_operator.domain.observed import Pod
from inference_operator.domain.rollout_state import RolloutState
from inference_operator.planning.status.unit_status import report
from tests.unit.planning.decided import MINE, decided
from tests.unit.planning.seen import NOON, container, observed, pod

TENSORS = DeclaredTensors(
    (DeclaredTensor("x", "FP32", (-1, 4)),), (DeclaredTensor("y", "STRING", None),)
)
SHOWN = {
    "inputs": [{"name": "x", "dataType": "FP32", "shape": [-1, 4]}],
    "outputs": [{"name": "y", "dataType": "STRING"}],
}
DONE = decided(RolloutState(stable=MINE))


def loaded(tensors: DeclaredTensors | None) -> Pod:
    model = LoadedModel("fx-drift", "ab" * 32, 7)
    message = LoadReport(Reason.RESOLVED, "ok", (model,), tensors=tensors).to_json()
    return pod(MINE, ready=True, loader=container(exit_code=0, exit_message=message))


def model_of(status: dict[str, object]) -> dict[str, object]:
    model = status["model"]
    assert isinstance(model, dict)
    return {name: model[name] for name in ("inputs", "outputs") if name in model}


def test_the_status_has_the_tensors_and_keeps_them_when_the_pods_are_gone() -> None:
    seen = observed(ready={MINE: (1, 1)}, served=MINE, pods=(loaded(TENSORS),))
    first = report(seen, DONE, (), NOON)
    again = observed(status=first, ready={MINE: (0, 0)}, served=MINE)

    assert model_of(first.to_body()) == SHOWN
    assert model_of(report(again, DONE, (), NOON).to_body()) == SHOWN


def test_a_loader_that_reports_none_leaves_them_out() -> None:
    before = observed(ready={MINE: (1, 1)}, served=MINE, pods=(loaded(TENSORS),))
    last = report(before, DONE, (), NOON)
    seen = observed(status=last, ready={MINE: (1, 1)}, served=MINE, pods=(loaded(None),))

    assert model_of(report(seen, DONE, (), NOON).to_body()) == {}


def test_clients_find_both_addresses_once_a_service_leads_to_the_model() -> None:
    seen = observed(ready={MINE: (1, 1)}, served=MINE, pods=(loaded(None),))
    status = report(seen, DONE, (), NOON)
    key = seen.owner.key

    assert status.url == f"http://{key.name}.{key.namespace}.svc:8000"
    assert status.grpc_address == f"{key.name}.{key.namespace}.svc:8001"
    assert report(observed(), decided(RolloutState()), (), NOON).grpc_address is None
