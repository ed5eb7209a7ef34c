"""Who set a command, as a real API server's managed fields tell."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from hack.cluster.kubectl import Kubectl
from inference_operator.domain.commands import Setter, Verb
from inference_operator.observation.command_setters import setters_of
from tests.fakes.bodies import KEY, imodel
from tests.integration.api.resources import apply

pytestmark = pytest.mark.integration

MODEL = f"imodel/{KEY.name}"
ABORT = Verb.ABORT.annotation


@pytest.fixture(autouse=True)
def model(kubectl: Kubectl, namespace: str) -> None:
    """A model that nobody has annotated."""
    apply(kubectl, namespace, imodel(namespace=namespace))


def setter(kubectl: Kubectl, namespace: str) -> Setter | None:
    """Who set the command to abort."""
    live = kubectl.get(MODEL, "-n", namespace, "--show-managed-fields")
    last = setters_of(live["metadata"], {ABORT}).get(ABORT)
    return Setter(**last) if last is not None else None


def test_kubectl_annotate_has_a_name_and_a_time(kubectl: Kubectl, namespace: str) -> None:
    assert setter(kubectl, namespace) is None
    kubectl("annotate", MODEL, f"{ABORT}=935a3432c3", "-n", namespace)
    last = setter(kubectl, namespace)
    assert last is not None
    assert last.manager == "kubectl-annotate"
    age = datetime.now(UTC) - datetime.fromisoformat(last.time)
    assert timedelta(seconds=-5) < age < timedelta(minutes=5)


def test_whoever_overwrites_a_command_has_set_it(kubectl: Kubectl, namespace: str) -> None:
    kubectl("annotate", MODEL, f"{ABORT}=935a3432c3", "-n", namespace)
    body = imodel(namespace=namespace)
    body["metadata"]["annotations"] = {ABORT: "b20cf49ed2"}
    apply(kubectl, namespace, body, "--field-manager=argocd-controller", "--force-conflicts")
    last = setter(kubectl, namespace)
    assert last is not None
    assert last.manager == "argocd-controller"


def test_managed_fields_that_somebody_removes_tell_nothing(
    kubectl: Kubectl, namespace: str
) -> None:
    kubectl("annotate", MODEL, f"{ABORT}=935a3432c3", "-n", namespace)
    removal = json.dumps({"metadata": {"managedFields": [{}]}})
    kubectl("patch", MODEL, "-n", namespace, "--type=merge", "-p", removal)
    assert setter(kubectl, namespace) is None
