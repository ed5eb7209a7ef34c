"""The controller's benchmark with few models: what it counts, and never how long it took."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.controller import hot_functions
from benchmarks.controller.curves import curves
from benchmarks.controller.environment import Environment
from benchmarks.controller.options import ALL, Options
from benchmarks.controller.report import summary, table
from benchmarks.controller.run import measure
from benchmarks.controller.subject import SUBJECTS, load
from hack.cluster.apiserver import ApiServer
from hack.product import ROOT
from inference_operator.observation.kinds import CHILDREN, OF_THE_CLUSTER, ROUTES, UNITS

pytestmark = pytest.mark.integration
MODELS = 5
CHILDREN_OF_A_MODEL = 4
# The API server does not serve the kinds of the Gateway API.
ABSENT = {resource.plural for resource in ROUTES}
KINDS = len((*UNITS, *CHILDREN, *OF_THE_CLUSTER)) - len(ABSENT)
"""What people write, the children, their pods among them, and nodes."""

STARTS = ["restart", "defaults", "upgrade"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("controller")


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    """One run of all phases but growth of a subject from a file, on one server. The older operator
    is this one."""
    file = folder / "subject.yaml"
    given = yaml.safe_load((SUBJECTS / "inference-operator.yaml").read_text())
    given["template"]["spec"]["rollout"]["scaleDownDelay"] = "1s"
    file.write_text(yaml.safe_dump({**given, "name": "from-a-file", "settleSeconds": 3}))
    options = Options(
        n=MODELS,
        phases=tuple(name for name in ALL if name != "growth"),
        samples=3,
        idle_seconds=2,
        late_seconds=1,
        events_per_object=5,
        before=ROOT,
        profile=folder / "profile.txt",
    )
    with ApiServer(controller_manager=True) as server:
        return measure([load(str(file))], options, Environment(shared=server))


@pytest.fixture
def phases(result: dict[str, Any]) -> dict[str, Any]:
    """The figures of the operator."""
    own = result["subjects"][-1]
    assert own["name"] == "from-a-file"
    assert "failed" not in own, own["failed"]
    return dict(own["phases"])


def test_a_new_model_costs_seven_writes_and_no_read(phases: dict[str, Any]) -> None:
    burst = phases["burst"]

    assert burst["refusedWrites"] == 0
    assert burst["writesPerObject"] <= 7, burst["requests"]["writesBy"]
    assert burst["requests"]["reads"] == 0, burst["requests"]["readsBy"]
    assert burst["requests"]["refused"] == {}
    assert burst["readySeconds"] >= burst["childrenSeconds"] > 0


@pytest.mark.parametrize(("place", "variant"), [(0, "POST"), (1, "apply")])
def test_a_bare_client_writes_the_same_children(
    place: int, variant: str, result: dict[str, Any]
) -> None:
    entry = result["subjects"][place]
    burst = entry["phases"]["burst"]
    verb = {"POST": "create", "apply": "patch"}[variant]

    assert (entry["bare"], entry["of"]) == (variant, "from-a-file")
    assert (burst["writesPerObject"], burst["readsPerObject"]) == (CHILDREN_OF_A_MODEL, 0)
    assert burst["requests"]["writesBy"] == {
        "create inferencemodels": MODELS,
        **{
            f"{verb} {plural}": MODELS
            for plural in ("configmaps", "controllerrevisions", "deployments", "services")
        },
    }
    assert burst["workloadsReadySeconds"] >= burst["childrenSeconds"] > 0


def test_an_idle_operator_asks_for_nothing(phases: dict[str, Any]) -> None:
    requests = phases["idle"]["requests"]

    assert (requests["writes"], requests["reads"]) == (0, 0), requests


def test_every_edit_reaches_its_children(phases: dict[str, Any]) -> None:
    assert {name: figures["samples"] for name, figures in phases["edits"].items()} == {
        "replicas": 3,
        "new revision": 3,
    }


def test_strangers_labels_are_left_alone(phases: dict[str, Any]) -> None:
    soak = phases["soak"]

    assert (soak["events"], soak["failed"]) == (5 * MODELS, 0)
    assert soak["requests"]["writes"] == 0, soak["requests"]["writesBy"]


@pytest.mark.parametrize("phase", STARTS)
def test_a_start_lists_each_kind_once_and_writes_nothing(
    phase: str, phases: dict[str, Any]
) -> None:
    figures = phases[phase]
    requests = figures["requests"]

    assert requests["writes"] == 0, requests["writesBy"]
    assert len(figures["firstPages"].keys() - ABSENT) == KINDS
    reads = {name: n for name, n in requests["readsBy"].items() if name.split()[1] not in ABSENT}
    assert sum(reads.values()) == KINDS, requests["readsBy"]


def test_an_upgrade_leaves_pod_templates_as_they_are(phases: dict[str, Any]) -> None:
    upgrade = phases["upgrade"]

    assert upgrade["burstBefore"]["writesPerObject"] > CHILDREN_OF_A_MODEL
    assert (upgrade["templates"], upgrade["changedTemplates"]) == (MODELS, 0)


@pytest.mark.long
def test_growth_is_measured_from_n_to_3_n_on_api_servers_alone() -> None:
    options = Options(n=MODELS, phases=("growth",))
    (entry,) = measure([load("inference-operator")], options, Environment())["subjects"]
    growth = entry["phases"]["growth"]

    assert list(growth["n"]) == [MODELS, 3 * MODELS]
    assert len(growth["childrenSeconds"]) == len(growth["bareChildrenSeconds"]) == 2
    assert {"exponent", "bareExponent"} < set(growth)


def test_a_deletion_leaves_nothing_and_costs_nothing(phases: dict[str, Any]) -> None:
    figures = phases["delete"]

    assert figures["left"] == 0
    assert figures["requests"]["writes"] == 0, figures["requests"]["writesBy"]
    # The operator asks for the owner if the deletion of children is reported first.
    assert figures["requests"]["reads"] <= MODELS, figures["requests"]["readsBy"]


def test_the_report_has_a_cell_for_every_figure(
    result: dict[str, Any], phases: dict[str, Any]
) -> None:
    head, _, *rows = (line.split(" | ") for line in table(result).splitlines())

    assert [row[0] for row in rows if not row[-1].strip("| ")] == []
    assert [title.strip("| ") for title in head] == [
        f"N = {MODELS}",
        "bare client, POST",
        "bare client, apply",
        "from-a-file",
    ]
    assert len(rows) > 2 * len(phases)
    assert curves(result).startswith("<svg")


def test_every_goal_is_in_the_result_and_each_missed_one_in_the_summary(
    result: dict[str, Any],
) -> None:
    missed = [goal["goal"] for goal in result["goals"] if not goal["reached"]]
    lines = [line for line in summary(result).splitlines() if line.startswith("MISSED")]

    assert len(result["goals"]) == 18
    assert len(lines) == len(missed)
    assert all(goal in line for goal, line in zip(missed, lines, strict=True))


@pytest.mark.parametrize("life", ["", "-restart", "-upgrade"])
def test_a_profile_names_the_operator_s_functions(
    life: str, folder: Path, phases: dict[str, Any]
) -> None:
    shown = hot_functions.table((folder / f"profile{life}.txt").read_text(), ROOT)

    assert "| `operator/inference_operator/" in shown
