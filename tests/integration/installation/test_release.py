"""The archives of a release: the same bytes each time, in a real registry and with their image."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hack.console import StepError
from hack.installation.base_objects import IMAGE
from hack.installation.package import package
from hack.product import ROOT
from hack.release import release
from hack.release_check import check_push, check_same, check_workflows
from tests.integration.installation.conftest import Helm
from tests.integration.installation.objects import parsed
from tests.integration.installation.test_chart import CHART, MINE, NAMESPACE

pytestmark = pytest.mark.integration


def test_the_install_yaml_of_a_release_is_that_of_dist_with_its_image(tmp_path: Path) -> None:
    release(MINE, tmp_path)
    file = (ROOT / "dist" / "install.yaml").read_text("utf-8").replace(IMAGE, MINE)
    expected = parsed(file)
    released = parsed((tmp_path / "install.yaml").read_text("utf-8"))
    assert {(kind, name) for kind, _, name in released} == {
        (kind, name) for kind, _, name in expected
    }
    deployment = ("Deployment", NAMESPACE, "inference-operator")
    assert released[deployment] == expected[deployment]


def test_the_packaged_chart_needs_no_value(helm: Helm, tmp_path: Path) -> None:
    archive = package(MINE, tmp_path)
    words = ("-n", NAMESPACE, "--set", f"image={MINE}")
    expected = parsed(helm("template", "x", CHART, *words))
    assert parsed(helm("template", "x", archive, "-n", NAMESPACE)) == expected


def test_two_archives_have_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        package(MINE, tmp_path / name)
    check_same(tmp_path / "first", tmp_path / "second")


def test_another_archive_is_named(tmp_path: Path) -> None:
    for name, image in (("first", MINE), ("second", MINE.replace("0a", "0b"))):
        package(image, tmp_path / name)
    with pytest.raises(StepError, match=r"found other bytes in inference-operator-\S+\.tgz"):
        check_same(tmp_path / "first", tmp_path / "second")


@pytest.mark.parametrize(
    ("image", "tag", "problem"),
    [
        ("registry.example.com/inference-operator:1.2", "", "--image: found 'registry.example"),
        (MINE, "v9.9.9", "--tag: found 'v9.9.9', expected 'v"),
    ],
)
def test_a_chart_without_digest_or_of_another_version_is_refused(
    tmp_path: Path, image: str, tag: str, problem: str
) -> None:
    with pytest.raises(StepError) as failure:
        package(image, tmp_path / "release", tag)
    assert str(failure.value).startswith(problem)
    assert not (tmp_path / "release").exists()


def test_a_registry_gives_back_the_chart_that_was_pushed(tmp_path: Path) -> None:
    check_push(tmp_path)


def test_the_workflows_are_in_order(tmp_path: Path) -> None:
    check_workflows()
    text = (ROOT / ".github" / "workflows" / "release.yaml").read_text("utf-8")
    (tmp_path / "broken.yaml").write_text(text.replace("needs: image", "needs: imagee", 1))
    with pytest.raises(StepError, match='job "demo" needs job "imagee"'):
        check_workflows(tmp_path)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_release_check_runs_to_its_end() -> None:
    shutil.rmtree(ROOT / "build" / "sbom", ignore_errors=True)
    words = [sys.executable, "-m", "hack.release_check"]
    done = subprocess.run(words, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "build" / "sbom" / "inference-operator.cdx.json").is_file()
    assert "not run: cosign" in done.stdout
