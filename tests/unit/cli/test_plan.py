"""`plan` and `render`: what would happen, without a cluster."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml

from inference_operator.cli.main import main
from inference_operator.domain.kubectl_yaml import write_manifests
from tests.fakes.bodies import imodel
from tests.fakes.harness import OperatorHarness


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "model.yaml"
    path.write_text(write_manifests([imodel(replicas=2)]))
    return path


def output_of(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


def test_plan_says_what_would_be_made(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = output_of(capsys, "plan", "-f", manifest)

    assert (status, err) == (0, "")
    first, *lines = out.splitlines()
    assert first == "InferenceModel/desk-7/fx-drift:"
    assert lines[0].startswith("  wanted: model fx-drift version 1 from https://store.example/fx")
    assert "  apply  Service/fx-drift (missing)" in lines


def test_render_prints_manifests_that_can_be_read_back(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = output_of(capsys, "render", "-f", manifest, "--triton-image", "mine/triton:9")
    bodies = {body["kind"]: body for body in yaml.safe_load_all(out)}

    assert status == 0
    assert set(bodies) == {
        "ControllerRevision",
        "ConfigMap",
        "Deployment",
        "Service",
        "PodDisruptionBudget",
    }
    (triton,) = bodies["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert triton["image"] == "mine/triton:9"
    assert "config.pbtxt: |" in out


def test_render_can_print_config_pbtxt_alone(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = output_of(capsys, "render", "-f", manifest, "--config")

    assert status == 0
    assert out.startswith(
        '# InferenceModel/desk-7/fx-drift: fx-drift/config.pbtxt\nname: "fx-drift"\n'
    )


def test_it_reads_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = write_manifests(
        [imodel("one"), {"apiVersion": "v1", "kind": "ConfigMap"}, imodel("two")]
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(both))
    status, out, _ = output_of(capsys, "plan", "-f", "-")

    assert status == 0
    assert [line for line in out.splitlines() if not line.startswith(" ")] == [
        "InferenceModel/desk-7/one:",
        "InferenceModel/desk-7/two:",
    ]


def test_a_manifest_without_a_namespace_is_of_the_default_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = imodel()
    del body["metadata"]["namespace"]
    path = tmp_path / "m.yaml"
    path.write_text(write_manifests([body]))

    assert output_of(capsys, "plan", "-f", path)[1].startswith("InferenceModel/default/fx-drift:")


def test_an_invalid_spec_is_1_and_says_every_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(write_manifests([imodel(replicas=-1, resources={"memory": "1Gi"})]))
    status, out, err = output_of(capsys, "plan", "-f", path)

    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "InferenceModel/desk-7/fx-drift: spec.replicas: found -1, expected at least 0; raise it"
        " to 0 or more",
        "InferenceModel/desk-7/fx-drift: spec.resources.memory: found an unknown field, expected"
        " one of requests, limits; remove it, or move it to where it belongs",
    ]


UNUSABLE: dict[str, tuple[str, str]] = {
    "not YAML": ("a: [1,", "cannot be read as YAML"),
    "not text": ("\x00", "cannot be read as YAML"),
    "a list": ("- a\n- b\n", "found list, expected a manifest"),
    "a word": ("hello", "found str, expected a manifest"),
    "empty": ("", "found nothing, expected an InferenceModel or an EnsemblePipeline"),
    "another kind": (
        "apiVersion: v1\nkind: Pod",
        "found Pod, expected an InferenceModel or an EnsemblePipeline",
    ),
    "another version": (
        "apiVersion: inference.aipx.io/v2\nkind: InferenceModel\n",
        "line 1: apiVersion: found inference.aipx.io/v2, expected inference.aipx.io/v1alpha1",
    ),
    "no name": (
        "apiVersion: inference.aipx.io/v1alpha1\nkind: InferenceModel\n",
        "line 1: metadata.name: found nothing",
    ),
    "metadata is a list": (
        "apiVersion: inference.aipx.io/v1alpha1\nkind: InferenceModel\nmetadata: [a]\n",
        "metadata: found list, expected a map",
    ),
    "a name that is a number": (
        "apiVersion: inference.aipx.io/v1alpha1\nkind: InferenceModel\nmetadata: {name: 7}\n",
        "metadata.name: found 7, expected a string",
    ),
    "a List without items": (
        "kind: List\n",
        "found nothing, expected an InferenceModel or an EnsemblePipeline",
    ),
    "a List of words": ("kind: List\nitems: [a, b]\n", "found str, expected a manifest"),
}


@pytest.mark.parametrize(("text", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_file_is_2_and_says_why(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    status, out, err = output_of(capsys, "plan", "-f", path)

    assert (status, out) == (2, "")
    assert err.startswith("inference-operator: ")
    assert words in err
    assert err.count("\n") == 1 or "YAML" in words


@pytest.mark.parametrize("command", ["plan", "render", "graph"])
def test_standard_input_cannot_be_read_twice(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = output_of(capsys, command, "-f", "-", "--live", "-")

    assert (status, out) == (2, "")
    assert err.startswith("inference-operator: found - twice, expected it once")


@pytest.mark.parametrize("spec", ["hello", [1], 7, None])
def test_a_spec_of_any_shape_is_1(
    spec: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(write_manifests([{**imodel(), "spec": spec}]))
    status, _, err = output_of(capsys, "plan", "-f", path)

    assert status == 1
    assert "InferenceModel/desk-7/fx-drift: spec" in err


def test_a_missing_file_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = output_of(capsys, "plan", "-f", tmp_path / "none.yaml")

    assert status == 2
    assert "No such file" in err


async def live(tmp_path: Path, *, replicas: int = 2) -> Path:
    """Write the output of `kubectl get ... -o yaml` in a cluster where the model serves."""
    world = OperatorHarness()
    world.user_applies(replicas=replicas)
    await world.settle()
    items = [body for _, body in world.cluster.snapshot()]
    path = tmp_path / "live.yaml"
    path.write_text(write_manifests([{"apiVersion": "v1", "kind": "List", "items": items}]))
    return path


async def test_against_a_cluster_that_is_as_wanted_nothing_would_change(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = output_of(capsys, "plan", "-f", manifest, "--live", await live(tmp_path))

    assert status == 0
    assert out.splitlines()[2:] == ["  no change to its children"]


async def test_against_a_cluster_it_says_what_differs(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = await live(tmp_path, replicas=1)
    _, out, _ = output_of(capsys, "plan", "-f", manifest, "--live", there)

    assert "  decision: Scaled: spec.replicas changed from 1 to 2" in out
    assert "(spec.replicas differs)" in out
    assert "  apply  PodDisruptionBudget/fx-drift (missing)" in out


@pytest.mark.parametrize("text", ["kind: List\nitems: [{kind: Pod}]\n", "kind: Pod\n"])
def test_live_objects_without_metadata_are_refused(
    text: str, manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "live.yaml"
    path.write_text(text)
    status, _, err = output_of(capsys, "plan", "-f", manifest, "--live", path)

    assert status == 2
    assert "metadata" in err


def test_text_that_looks_like_a_number_is_quoted_for_parsers_of_yaml_1_2() -> None:
    texts = {"revision": "12345e6789", "sha": "0123456789", "name": "fx-drift"}
    assert write_manifests([texts]) == (
        "revision: '12345e6789'\nsha: '0123456789'\nname: fx-drift\n"
    )


OUTSIDE = 'spec.model.source.uri: found "https://store.example/fx/7/model.onnx", expected a value'


def test_plan_asks_the_allow_lists(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = output_of(
        capsys, "plan", "-f", manifest, "--allowed-source-hosts", "x.example"
    )
    assert status == 1
    assert OUTSIDE in err
    assert output_of(capsys, "plan", "-f", manifest, "--allowed-source-hosts", "*.example")[0] == 0


def test_plan_reads_the_operator_s_own_lists(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFERENCE_OPERATOR_ALLOWED_SOURCE_HOSTS", "x.example")
    status, _, err = output_of(capsys, "render", "-f", manifest)
    assert (status, OUTSIDE in err) == (1, True)
    assert output_of(capsys, "plan", "-f", manifest, "--allowed-source-hosts", "")[0] == 0


def test_a_list_that_is_none_is_unusable_input(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = output_of(capsys, "plan", "-f", manifest, "--allowed-images", "triton")
    assert (status, out) == (2, "")
    assert "INFERENCE_OPERATOR_ALLOWED_IMAGES: found 'triton': entry 1 is not " in err
