"""Which references a release takes, and which images of a manifest it looks at."""

import pytest
import yaml

from hack.console import StepError
from hack.release import _check, by_digest, images_of

DIGEST = f"sha256:{'0a' * 32}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (f"registry.example.com/operator@{DIGEST}", f"registry.example.com/operator@{DIGEST}"),
        (f"registry.example.com/operator:1.2@{DIGEST}", f"registry.example.com/operator@{DIGEST}"),
        (f"localhost:5000/operator@{DIGEST}", f"localhost:5000/operator@{DIGEST}"),
    ],
)
def test_a_reference_keeps_its_digest_and_loses_its_tag(given: str, expected: str) -> None:
    assert by_digest(given, "--image") == expected


@pytest.mark.parametrize(
    "given",
    [
        "registry.example.com/operator",
        "registry.example.com/operator:1.2",
        "registry.example.com/operator@sha256:0a0a",
        f"registry.example.com/operator@{DIGEST}0",
        f"@{DIGEST}",
        f"https://registry.example.com/operator@{DIGEST}",
        f"registry.example.com/operator#c@{DIGEST}",
        f"registry.example.com/operator?a=b@{DIGEST}",
        f"registry.example.com/operator:a:b@{DIGEST}",
        f"registry.example.com/operator:@{DIGEST}",
        f"registry.example.com/operator/@{DIGEST}",
        f"registry.example.com/Operator@{DIGEST}",
        f"registry.example.com/{{name}}@{DIGEST}",
        f"registry.example.com/x;$(id)@{DIGEST}",
        f"desk:password@registry.example.com/operator@{DIGEST}",
        f"registry.example.com/operator@{DIGEST}\n",
        f"registry.example.com@{DIGEST}",
        f"localhost:5000@{DIGEST}",
        f"inference-operator@{DIGEST}",
        f"library/inference-operator@{DIGEST}",
        "",
    ],
)
def test_a_reference_without_a_digest_is_refused(given: str) -> None:
    with pytest.raises(StepError, match=r"--image: found .*, expected REGISTRY/NAME@sha256:"):
        by_digest(given, "--image")


def test_an_image_that_was_not_given_is_in_no_release() -> None:
    given = {f"registry.example.com/operator@{DIGEST}"}
    pod = {"containers": [{"name": "operator", "image": f"other.example.com/x@{DIGEST}"}]}
    body = {"kind": "Deployment", "metadata": {"name": "o"}, "spec": {"template": {"spec": pod}}}
    with pytest.raises(StepError, match=r"container operator: found 'other.* one of those given"):
        _check("install.yaml", yaml.safe_dump(body), given)


def test_images_in_containers_and_settings_are_looked_at() -> None:
    variable = {"name": "INFERENCE_OPERATOR_LOADER_IMAGE", "value": "b"}
    container = {"name": "operator", "image": "a", "env": [variable]}
    first = {"name": "first", "image": "c"}
    pod = {"containers": [container], "initContainers": [first]}
    body = {"kind": "Deployment", "spec": {"template": {"spec": pod}}}
    references = [("container first", "c"), ("container operator", "a"), (variable["name"], "b")]
    assert list(images_of(body)) == references
    assert list(images_of({"kind": "Service", "spec": {}})) == []
