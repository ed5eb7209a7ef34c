"""Subject files of the controller's benchmark: what they say, and what a bad one is told."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.controller.options import Options
from benchmarks.controller.phases import measurable
from benchmarks.controller.subject import SUBJECTS, load
from hack.console import StepError

SMALLEST: dict[str, Any] = {
    "name": "other",
    "command": ["/bin/other", "--kubeconfig={kubeconfig}"],
    "resource": {"apiVersion": "example.com/v1", "plural": "things", "kind": "Thing"},
    "children": [{"apiVersion": "apps/v1", "plural": "deployments"}],
    "template": {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "spec": {"uri": "https://a.example/{name}"},
    },
}


def written(folder: Path, content: Any) -> str:
    path = folder / "subject.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize("path", sorted(SUBJECTS.glob("*.yaml")), ids=lambda path: str(path.stem))
def test_the_shipped_subjects_are_read_by_their_names(path: Path) -> None:
    subject = load(path.stem)

    assert subject.name == path.stem
    assert {phase for phase in ("edits", "defaults", "soak") if measurable(subject, phase)}


def test_a_custom_resource_is_the_template_with_its_name(tmp_path: Path) -> None:
    body = load(written(tmp_path, SMALLEST)).custom_resource("model-1", "place")

    assert body["metadata"] == {"name": "model-1", "namespace": "place"}
    assert body["spec"] == {"uri": "https://a.example/model-1"}


def test_a_subject_without_edits_is_not_measured_with_edits(tmp_path: Path) -> None:
    subject = load(written(tmp_path, SMALLEST))

    phases = Options(n=1).phases
    assert [phase for phase in phases if not measurable(subject, phase)] == ["edits", "defaults"]


def test_kinds_are_named_as_urls_and_kubectl_name_them(tmp_path: Path) -> None:
    subject = load(written(tmp_path, SMALLEST))

    assert subject.resource.path("a", "b") == "/apis/example.com/v1/namespaces/a/things/b"
    assert subject.resource.words == "things.v1.example.com"
    assert [kind.plural for kind in subject.workloads] == ["deployments"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"command": []}, "command: Tuple should have at least 1 item"),
        ({"command": "run it"}, "command: Input should be a valid tuple"),
        ({"children": [{"plural": "pods"}]}, "children.0.apiVersion: Field required"),
        ({"resource": {"plural": "things"}}, "resource.apiVersion: Field required"),
        ({"template": "thing.yaml"}, "template: Input should be a valid dictionary"),
        ({"readypath": "/healthz"}, "readypath: Extra inputs are not permitted"),
        (
            {"edits": [{"name": "x", "patch": {}, "changes": ["pods"]}]},
            "edits names 'pods', which is not in children",
        ),
        (
            {"churn": [{"plural": "services", "patch": {}}]},
            "churn names 'services', which is not in children",
        ),
        (
            {"resource": {"apiVersion": "example.com/v1", "plural": "things"}},
            "resource.kind is needed, because there is no ownerLabel",
        ),
    ],
)
def test_a_bad_subject_is_refused_with_the_field(
    changed: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(StepError) as refused:
        load(written(tmp_path, {**SMALLEST, **changed}))

    assert message in str(refused.value)
    assert str(tmp_path) in str(refused.value)


@pytest.mark.parametrize("field", ["name", "command", "resource", "children", "template"])
def test_a_missing_field_is_named(field: str, tmp_path: Path) -> None:
    content = {key: value for key, value in SMALLEST.items() if key != field}

    with pytest.raises(StepError, match=f"{field}: Field required"):
        load(written(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "message"), [("- a\n", "valid dictionary"), ("a: [", "is not YAML")]
)
def test_a_file_of_another_form_is_refused(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(StepError, match=message):
        load(written(tmp_path, content))


def test_an_unknown_name_is_told_the_shipped_ones() -> None:
    with pytest.raises(StepError, match="cannot be read") as refused:
        load("nobody")

    assert "inference-operator" in refused.value.remedy
