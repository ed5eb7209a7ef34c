"""The names of a branch's environment, and the images of all environments by digest."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hack.console import StepError
from hack.environments.branch import branch, overlay
from hack.environments.digests import FILE, write_images
from hack.environments.rendering import check_images, environment
from hack.product import ROOT

DIGEST = f"sha256:{'1f' * 32}"
NAMES = st.text(st.characters(codec="utf-8"), max_size=120)


@given(NAMES)
def test_each_name_is_refused_or_makes_a_namespace_that_kubernetes_takes(name: str) -> None:
    try:
        names = branch(name)
    except StepError:
        # What is refused, the table below says.
        return
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", names.namespace)
    assert re.fullmatch(r"[A-Za-z0-9_]{1,1024}", names.dataset)
    assert names.prefix == f"{names.safe}/"


@given(st.sets(st.text("abAB-_/.0f", min_size=1, max_size=60), min_size=2, max_size=20))
def test_two_branches_never_share_a_namespace(names: set[str]) -> None:
    accepted = []
    for name in names:
        try:
            accepted.append(branch(name))
        except StepError:
            continue
    assert len({each.namespace for each in accepted}) == len(accepted)


def test_a_plain_name_is_kept_and_one_like_another_s_with_a_hash_is_not() -> None:
    assert branch("new-features").safe == "new-features"
    hashed = branch("Add").safe
    assert branch(hashed).safe != hashed


@pytest.mark.parametrize("name", ["", "a b", "-x", "a..b", "a~1", "x.lock", "a/", "a\nb", "@"])
def test_what_git_refuses_is_refused(name: str) -> None:
    with pytest.raises(StepError, match="expected the name of a branch of Git"):
        branch(name)


def test_digests_are_written_and_all_else_stays(tmp_path: Path) -> None:
    file = Path(shutil.copy(FILE, tmp_path / "kustomization.yaml"))
    gateway = f"registry.example.com/gateway@{DIGEST}"
    triton = f"registry.example.com/triton@{DIGEST}"
    write_images({"gateway": gateway, "triton": triton}, file)
    before, after = FILE.read_text().splitlines(), file.read_text().splitlines()
    changed = [new.strip() for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        "newName: registry.example.com/gateway",
        f"digest: {DIGEST}",
        f"value: {triton}",
    ]


def test_a_tag_is_refused_and_nothing_written(tmp_path: Path) -> None:
    file = Path(shutil.copy(FILE, tmp_path / "kustomization.yaml"))
    given = {"gateway": f"registry.example.com/gateway@{DIGEST}", "redis": "docker.io/redis:7"}
    with pytest.raises(StepError, match=re.escape("REDIS: found 'docker.io/redis:7'")):
        write_images(given, file)
    assert file.read_text() == FILE.read_text()


@pytest.mark.parametrize(
    "image", ["a.example/x:latest", "x", f"a.example/x@sha256:{'0' * 64}", "a.example/x@sha256:12"]
)
def test_images_without_a_digest_are_refused_where_they_are(image: str) -> None:
    container = {"name": "main", "image": image}
    spec = {"template": {"spec": {"containers": [container]}}}
    body = {"kind": "Deployment", "metadata": {"name": "served"}, "spec": spec}
    with pytest.raises(StepError, match="Deployment served, container main: found"):
        check_images([body])
    container["image"] = f"a.example/x@{DIGEST}"
    check_images([body])


def test_an_unknown_environment_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(StepError, match="expected one of local, feature-branch, dev, prod"):
        environment("staging")


def test_the_application_set_of_branches_writes_what_make_does() -> None:
    text = (ROOT / "docs" / "gitops.md").read_text("utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.S)]
    (described,) = (b for b in blocks if b["metadata"]["name"] == "inference-branches")
    (element,) = described["spec"]["generators"][0]["list"]["elements"]
    of = branch(element["branch"])
    assert (element["safe"], element["dataset"]) == (of.safe, of.dataset)
    filled = str(yaml.safe_dump(described["spec"]["template"]["spec"]["source"]["kustomize"]))
    for key, value in element.items():
        filled = filled.replace(f"{{{{.{key}}}}}", value)
    kustomize = yaml.safe_load(filled)
    made = overlay(of, "any")
    assert kustomize["namespace"] == made["namespace"]
    patches = [yaml.safe_load(each["patch"]) for each in kustomize["patches"]]
    assert patches == [yaml.safe_load(each["patch"]) for each in made["patches"]]
