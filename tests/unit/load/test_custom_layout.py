"""The layout of artifacts whose files only their backend knows."""

from dataclasses import replace
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.repository_plan import ArtifactFormat, PlannedModel
from inference_operator.load.failure import LoadError
from inference_operator.load.layout.archive import SUFFIXES
from inference_operator.load.sources.remote import Artifact
from tests.unit.load.test_loader import Pod, packed, pod  # noqa: F401

FRAUD = PlannedModel("fraud", 1, ArtifactFormat.CUSTOM, "pvc://weights/7/xgboost.json")
CONFIG = 'name: "fraud" backend: "fil"\n'


def laid_out(of: Pod, uri: str, config: str = CONFIG) -> list[str]:
    of.load(replace(FRAUD, uri=uri), config=config)
    return [name.removeprefix("fraud/") for name in of.tree() if name != "fraud/config.pbtxt"]


def refusal(of: Pod, uri: str) -> str:
    with pytest.raises(LoadError) as caught:
        of.load(replace(FRAUD, uri=uri), config=CONFIG)
    assert caught.value.reason is Reason.ARTIFACT_INVALID
    return str(caught.value)


def test_a_single_file_keeps_its_name(pod: Pod) -> None:  # noqa: F811
    pod.put("7/xgboost.json", b"{}")
    assert laid_out(pod, "pvc://weights/7/xgboost.json") == ["1/xgboost.json"]


def test_a_single_file_gets_the_configs_name(pod: Pod) -> None:  # noqa: F811
    pod.put("7/final version", b"{}")
    config = f'{CONFIG}default_model_filename: "model.txt"'
    assert laid_out(pod, "pvc://weights/7/final version", config) == ["1/model.txt"]


def test_a_name_that_no_file_may_have_is_refused(pod: Pod) -> None:  # noqa: F811
    pod.put("7/final version", b"{}")
    message = refusal(pod, "pvc://weights/7/final version")
    assert '"final version" as its main file, expected one file name of at most' in message
    assert "rename it, or set default_model_filename in triton.configOverrides" in message


def test_a_folder_is_laid_out_as_it_is(pod: Pod) -> None:  # noqa: F811
    pod.put("engines/rank0.engine", b"0")
    pod.put("engines/tokenizer/vocab.json", b"{}")
    assert laid_out(pod, "pvc://weights/engines") == ["1/rank0.engine", "1/tokenizer/vocab.json"]


def test_an_empty_folder_is_enough_for_a_backend_without_files(pod: Pod) -> None:  # noqa: F811
    (pod.claim / "nothing").mkdir()
    assert laid_out(pod, "pvc://weights/nothing") == []
    assert (pod.models / "fraud/1").is_dir()


def test_an_archive_is_laid_out_as_it_is(pod: Pod) -> None:  # noqa: F811
    pod.put("fraud.tar.gz", packed(fraud__model_DOT_txt=b"tree"))
    assert laid_out(pod, "pvc://weights/fraud.tar.gz") == ["1/fraud/model.txt"]


def test_the_configs_main_file_unwraps_an_archive(pod: Pod) -> None:  # noqa: F811
    pod.put("fraud.tar.gz", packed(fraud__model_DOT_txt=b"tree"))
    config = f'{CONFIG}default_model_filename: "model.txt"'
    assert laid_out(pod, "pvc://weights/fraud.tar.gz", config) == ["1/model.txt"]


def test_a_backend_in_the_artifact_is_refused_here_too(pod: Pod) -> None:  # noqa: F811
    pod.put("7/libtriton_fil.so", b"\x7fELF")
    for uri in ("pvc://weights/7", "pvc://weights/7/libtriton_fil.so"):
        assert "backends belong into the image of Triton" in refusal(pod, uri)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("/fraud/7/xgboost%2Ejson", "xgboost.json"),
        ("fraud/7/model.dali", "model.dali"),
        ("pvc://weights/model.xml", "model.xml"),
        ("/fraud/%2e%2e%2fconfig.pbtxt", "config.pbtxt"),  # which Staging.put refuses
        ("", ""),
    ],
)
def test_an_artifacts_name_is_the_last_part_of_its_address(kind: str, name: str) -> None:
    assert Artifact(Path("download"), kind, "", 0).name == name


def test_importing_and_loading_take_the_same_names_for_archives() -> None:
    from model_builders.importing.model import _ARCHIVES

    assert set(_ARCHIVES) == set(SUFFIXES)
