"""`plan` and `render` of pipelines: what steps refer to is in the file, or in the cluster."""

from pathlib import Path
from typing import Any

import pytest

from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import PIPELINE, epipe, imodel, step
from tests.unit.cli.test_plan import output_of
from tests.unit.passes.pipeline_harness import PipelineHarness


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def written(*bodies: dict[str, Any]) -> Path:
        path = tmp_path / "desk.yaml"
        path.write_text(write_manifests(bodies))
        return path

    return written


def test_a_model_of_the_same_file_counts_as_served(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = output_of(capsys, "plan", "-f", file(epipe(), imodel()))

    assert (status, err) == (0, "")
    assert out.index("EnsemblePipeline/desk-7/fx-signal:") < out.index("InferenceModel/desk-7")
    assert (
        "  step drift: model fx-drift version 1 from https://store.example/fx/7/model.onnx, as"
        " InferenceModel fx-drift serves it (revision " in out
    )
    assert "  apply  Deployment/fx-signal-" in out


def test_a_pipeline_of_a_pipeline_is_planned_whatever_their_order(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = step("inner", modelRef={"name": PIPELINE.name, "kind": PIPELINE.kind})
    outer = epipe("outer", steps=[inner])

    status, out, _ = output_of(capsys, "plan", "-f", file(outer, epipe(), imodel()))

    assert status == 0
    assert "  step inner: model fx-signal version 1, as EnsemblePipeline fx-signal serves" in out


def test_a_model_that_is_nowhere_is_said_to_be_missing(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = output_of(capsys, "plan", "-f", file(epipe()))

    assert (status, err) == (0, "")
    assert out.splitlines()[1:] == [
        "  unresolved: ReferenceNotFound: spec.steps[drift].modelRef: InferenceModel fx-drift of"
        " namespace desk-7 is in none of these files; add it with -f, or its live state with"
        " --live",
        "  no change to its children",
    ]


def test_what_is_live_without_the_model_says_that_it_does_not_exist(
    file: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live = tmp_path / "live.yaml"
    live.write_text("{apiVersion: v1, kind: List, items: []}")
    status, out, _ = output_of(capsys, "plan", "-f", file(epipe()), "--live", live)

    assert status == 0
    problem = "InferenceModel fx-drift does not exist in namespace desk-7; create it"
    assert f"ReferenceNotFound: spec.steps[drift].modelRef: {problem}" in out


REGISTERED = {"source": {"uri": "models:/fx_drift@champion"}}


def test_a_registry_is_not_asked_without_a_cluster(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = output_of(capsys, "plan", "-f", file(imodel(model=REGISTERED), epipe()))

    assert (status, err) == (0, "")
    assert [line for line in out.splitlines() if "unresolved" in line] == [
        "  unresolved: Resolving: no registry was asked about models:/fx_drift@champion; give"
        " --live from a cluster that has resolved it",
        "  unresolved: ReferenceNotReady: spec.steps[drift].modelRef: InferenceModel fx-drift"
        " cannot be planned yet; see its own message in this output",
    ]


def test_render_and_graph_say_once_what_each_resource_waits_for(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    manifests = file(imodel(model=REGISTERED), epipe())
    for command in ("render", "graph"):
        status, _, err = output_of(capsys, command, "-f", manifests)

        assert status == 0
        assert err.count("no registry was asked about models:/fx_drift@champion") == 1
        assert err.count("InferenceModel fx-drift cannot be planned yet") == 1
        assert len(err.splitlines()) == 2


def test_a_bad_model_of_the_same_file_is_where_its_pipeline_points_to(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = output_of(capsys, "plan", "-f", file(epipe(), imodel(replicas=-1)))

    assert status == 1
    assert (
        "drift].modelRef: InferenceModel fx-drift cannot be served as it is written; see its" in out
    )
    assert "kubectl" not in out
    assert err.startswith("InferenceModel/desk-7/fx-drift: spec.replicas: found -1")


async def test_a_model_that_is_live_and_never_was_ready_is_asked_about_in_the_cluster(
    file: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = PipelineHarness()
    desk.user_applies(model=REGISTERED)
    await desk.settle()
    live = tmp_path / "live.yaml"
    items = [{"kind": kind, **body} for kind, body in desk.cluster.snapshot() if kind != "Event"]
    live.write_text(write_manifests([{"kind": "List", "items": items}]))
    capsys.readouterr()
    manifests = file(epipe(), imodel(model=REGISTERED))
    _, out, _ = output_of(capsys, "plan", "-f", manifests, "--live", live)

    assert "has not been Ready yet (Resolving); see `kubectl -n " in out
    assert "models:/fx_drift@champion; only the version that --live shows can be used" in out


def test_pipelines_that_refer_to_each_other_are_refused(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def circle(name: str, other: str) -> dict[str, Any]:
        return epipe(name, steps=[step("s", modelRef={"name": other, "kind": PIPELINE.kind})])

    status, out, err = output_of(
        capsys, "plan", "-f", file(circle("one", "two"), circle("two", "one"))
    )

    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "EnsemblePipeline/desk-7/one: spec.steps[s].modelRef: EnsemblePipeline two refers back to"
        " this pipeline (one -> two -> one); change the modelRef of one of these pipelines",
        "EnsemblePipeline/desk-7/two: spec.steps[s].modelRef: EnsemblePipeline one refers back to"
        " this pipeline (two -> one -> two); change the modelRef of one of these pipelines",
    ]


async def test_what_is_live_is_what_a_step_stands_for(
    file: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = PipelineHarness()
    await desk.serving(5)
    live = tmp_path / "live.yaml"
    items = [{"kind": kind, **body} for kind, body in desk.cluster.snapshot() if kind != "Event"]
    live.write_text(write_manifests([{"kind": "List", "items": items}]))
    capsys.readouterr()

    status, out, _ = output_of(capsys, "plan", "-f", file(epipe(), imodel()), "--live", live)

    assert status == 0
    assert "from https://store.example/fx/5/model.onnx" in out
    assert "EnsemblePipeline/desk-7/fx-signal:" in out
    assert "no change to its children" in out


def test_render_prints_every_config(file: Any, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = output_of(capsys, "render", "-f", file(epipe(), imodel()), "--config")

    assert status == 0
    assert [line for line in out.splitlines() if line.startswith("#")] == [
        "# EnsemblePipeline/desk-7/fx-signal: fx-drift/config.pbtxt",
        "# EnsemblePipeline/desk-7/fx-signal: fx-signal/config.pbtxt",
        "# InferenceModel/desk-7/fx-drift: fx-drift/config.pbtxt",
    ]


def test_render_says_on_stderr_what_it_cannot_render_yet(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = output_of(capsys, "render", "-f", file(epipe()))

    assert (status, out) == (0, "")
    assert err.startswith(
        "EnsemblePipeline/desk-7/fx-signal: not known yet: spec.steps[drift].modelRef: "
    )


def test_a_pipeline_and_a_model_of_one_name_cannot_both_have_their_service(
    file: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = epipe("fx-drift")
    pipeline["spec"]["name"] = "signal"
    status, out, err = output_of(capsys, "plan", "-f", file(pipeline, imodel()))

    assert status == 1
    assert out.count("Service/fx-drift (missing)") == 1
    assert err == (
        "EnsemblePipeline/desk-7/fx-drift: Service/fx-drift belongs to InferenceModel fx-drift;"
        " rename one of the two\n"
    )


@pytest.mark.parametrize("command", ["plan", "render", "graph"])
def test_each_command_reads_all_files_that_it_is_given(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline, model = tmp_path / "pipeline.yaml", tmp_path / "models" / "model.yaml"
    model.parent.mkdir()
    pipeline.write_text(write_manifests([epipe()]))
    model.write_text(write_manifests([imodel()]))
    status, out, err = output_of(capsys, command, "-f", pipeline, "-f", model.parent)

    assert (status, err) == (0, "")
    assert "fx-drift" in out
    assert "fx-signal" in out


def test_a_bad_graph_is_refused(file: Any, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = epipe(steps=[step(inputMap={"x": "nothing"})])

    status, _, err = output_of(capsys, "plan", "-f", file(wrong, imodel()))

    assert status == 1
    assert "EnsemblePipeline/desk-7/fx-signal: spec.steps[drift].inputMap[x]: found" in err
