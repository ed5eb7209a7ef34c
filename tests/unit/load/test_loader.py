"""A plan with artifacts on volume claims becomes a model repository, whole or not at all."""

import io
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.load_report import LoadReport
from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlanError,
    PlannedModel,
    RepositoryPlan,
)
from inference_operator.load.failure import LoadError
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder, read_plan
from inference_operator.load.transfer import space
from inference_operator.load.transfer.digest import digest_of
from tests.unit.load.archives import FILE, SOFT, tar_of

BACKENDS = ["libtriton_python.so", "deep/er/libtriton_onnxruntime.so", "LIBTRITON_x.SO.1"]
SCORER = PlannedModel("scorer", 3, ArtifactFormat.PYTHON, "pvc://weights/scorer/model.py")
CONFIG = """
name: "scorer"
backend: "python"
input [{ name: "text" data_type: TYPE_STRING dims: [1] }]
output [{ name: "score" data_type: TYPE_FP32 dims: [1] }]
"""
CODE = b"class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"


@dataclass
class Pod:
    """The folders that a pod's init container sees."""

    root: Path

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def claim(self) -> Path:
        return self.root / "claims" / "weights"

    def put(self, path: str, content: bytes = CODE) -> Path:
        place = self.claim / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def load(self, *models: PlannedModel, config: str = CONFIG) -> LoadReport:
        folders = Folders(self.models, self.root / "credentials", self.root / "claims")
        return Loader(folders).load(tuple(ModelOrder(model, config) for model in models))

    def refused(self, model: PlannedModel) -> LoadError:
        with pytest.raises(LoadError) as caught:
            self.load(model)
        return caught.value

    def tree(self) -> list[str]:
        files = [path for path in self.models.rglob("*") if path.is_file()]
        shown = [path.relative_to(self.models).as_posix() for path in files]
        return sorted(name for name in shown if not name.endswith("/.loaded.json"))


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    for name in ("models", "claims/weights", "credentials"):
        (tmp_path / name).mkdir(parents=True)
    return Pod(tmp_path)


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("__", "/").replace("_DOT_", "."))
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_a_single_file_gets_the_name_that_triton_looks_for(pod: Pod) -> None:
    file = pod.put("scorer/v3-final.py")
    report = pod.load(replace(SCORER, uri="pvc://weights/scorer/v3-final.py"))
    assert pod.tree() == ["scorer/3/model.py", "scorer/config.pbtxt"]
    assert (pod.models / "scorer/3/model.py").read_bytes() == CODE
    assert (pod.models / "scorer/config.pbtxt").read_text() == CONFIG
    assert report.reason is Reason.RESOLVED
    assert report.message == "laid out scorer (version 3)"
    assert [(m.name, m.sha256, m.bytes) for m in report.models] == [
        ("scorer", digest_of(file), len(CODE))
    ]


def test_the_configs_own_file_name_wins(pod: Pod) -> None:
    pod.put("scorer/model.py")
    pod.load(SCORER, config=CONFIG + 'default_model_filename: "scorer.py"\n')
    assert pod.tree() == ["scorer/3/scorer.py", "scorer/config.pbtxt"]


def test_a_folder_is_laid_out_whole(pod: Pod) -> None:
    pod.put("scorer/model.py")
    pod.put("scorer/words/en.txt", b"good")
    model = replace(SCORER, uri="pvc://weights/scorer", sha256=digest_of(pod.claim / "scorer"))
    pod.load(model)
    assert pod.tree() == ["scorer/3/model.py", "scorer/3/words/en.txt", "scorer/config.pbtxt"]


@pytest.mark.parametrize("prefix", ["", "scorer-v3__"])
def test_an_archive_is_laid_out_whole_with_or_without_its_top_folder(pod: Pod, prefix: str) -> None:
    files = {f"{prefix}model_DOT_py": CODE, f"{prefix}words__en_DOT_txt": b"good"}
    pod.put("scorer.tar.gz", packed(**files))
    pod.load(replace(SCORER, uri="pvc://weights/scorer.tar.gz"))
    assert pod.tree() == ["scorer/3/model.py", "scorer/3/words/en.txt", "scorer/config.pbtxt"]


def test_several_models_make_one_repository_without_leftovers(pod: Pod) -> None:
    pod.put("scorer/model.py")
    report = pod.load(SCORER, replace(SCORER, name="ranker", version=1))
    assert [path.name for path in sorted(pod.models.iterdir())] == ["ranker", "scorer"]
    assert [model.name for model in report.models] == ["scorer", "ranker"]


def test_a_complete_model_is_not_copied_again(pod: Pod) -> None:
    pod.put("scorer/model.py")
    first = pod.load(SCORER)
    (pod.claim / "scorer/model.py").unlink()
    assert pod.load(SCORER) == first


@pytest.mark.parametrize(
    ("changed", "config"),
    [({"version": 4}, CONFIG), ({"sha256": None}, CONFIG + "max_batch_size: 4\n")],
)
def test_another_order_is_laid_out_again(
    pod: Pod, changed: dict[str, int | None], config: str
) -> None:
    pod.put("scorer/model.py")
    pod.load(SCORER)
    pod.load(replace(SCORER, **changed), config=config)  # type: ignore[arg-type]
    version = changed.get("version", 3)
    assert pod.tree() == [f"scorer/{version}/model.py", "scorer/config.pbtxt"]
    assert (pod.models / "scorer/config.pbtxt").read_text() == config


def test_a_wrong_digest_says_found_and_expected_and_leaves_nothing(pod: Pod) -> None:
    file = pod.put("scorer/model.py")
    failure = pod.refused(replace(SCORER, sha256="0" * 64))
    assert failure.reason is Reason.DIGEST_MISMATCH
    assert f"found an artifact with sha256 {digest_of(file)}, expected {'0' * 64}" in str(failure)
    assert list(pod.models.iterdir()) == []


def test_a_folder_without_its_main_file_is_refused(pod: Pod) -> None:
    pod.put("scorer/main.py")
    pod.put("scorer/weights.bin")
    failure = pod.refused(replace(SCORER, uri="pvc://weights/scorer"))
    assert failure.reason is Reason.ARTIFACT_INVALID
    assert "model.py: found no such file (there are: main.py, weights.bin)" in str(failure)
    assert list(pod.models.iterdir()) == []


def test_an_empty_file_is_refused(pod: Pod) -> None:
    pod.put("scorer/model.py", b"")
    assert "an empty file" in str(pod.refused(SCORER))


def test_a_missing_claim_is_named(pod: Pod) -> None:
    failure = pod.refused(replace(SCORER, uri="pvc://wieghts/scorer"))
    assert failure.reason is Reason.CLAIM_NOT_FOUND
    assert "'wieghts'" in str(failure)


def test_a_missing_path_says_what_is_there_instead(pod: Pod) -> None:
    for n in range(10):
        pod.put(f"scorers/v{n}/model.py")
    failure = pod.refused(replace(SCORER, uri="pvc://weights/scorers/v11/model.py"))
    assert failure.reason is Reason.ARTIFACT_NOT_FOUND
    assert "weights/scorers holds v0, v1, v2, v3, v4, v5, v6, v7 and 2 more" in str(failure)


@pytest.mark.parametrize("way", ["a link", "dots"])
def test_a_path_out_of_the_claim_is_refused(pod: Pod, way: str) -> None:
    (pod.root / "secret.py").write_bytes(CODE)
    (pod.claim / "link.py").symlink_to(pod.root / "secret.py")
    inner = "link.py" if way == "a link" else "x/../../../secret.py"
    failure = pod.refused(replace(SCORER, uri=f"pvc://weights/{inner}"))
    assert failure.reason is Reason.ARTIFACT_INVALID
    assert "leads out of the volume claim weights" in str(failure)


def test_too_little_disk_says_both_numbers_and_what_to_do(
    pod: Pod, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod.put("scorer/model.py", bytes(2 << 20))
    monkeypatch.setattr(space, "free_bytes", lambda folder: 1 << 20)
    failure = pod.refused(SCORER)
    assert failure.reason is Reason.INSUFFICIENT_DISK
    assert "needs 2.0 MiB (2,097,152 bytes)" in str(failure)
    assert "has 1.0 MiB (1,048,576 bytes) free" in str(failure)
    assert "free disk on the node" in str(failure)


def test_a_config_that_does_not_parse_is_named(pod: Pod) -> None:
    with pytest.raises(LoadError, match=r"^config.pbtxt: found line 1") as caught:
        pod.load(SCORER, config="max_batch_size: many")
    assert caught.value.model == "scorer"


def test_the_plan_folder_gives_each_model_its_config(tmp_path: Path) -> None:
    (tmp_path / PLAN_FILE).write_text(RepositoryPlan((SCORER,)).to_json())
    (tmp_path / "scorer.config.pbtxt").write_text(CONFIG)
    assert read_plan(tmp_path) == (ModelOrder(SCORER, CONFIG),)


def test_a_plan_without_a_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / PLAN_FILE).write_text(RepositoryPlan((SCORER,)).to_json())
    with pytest.raises(PlanError, match=r"cannot read .*scorer\.config\.pbtxt"):
        read_plan(tmp_path)


def test_a_link_that_leads_out_once_its_folder_is_unwrapped_is_refused(pod: Pod) -> None:
    members = (("scorer/model.py", CODE, FILE), ("scorer/words", "../scorer/model.py", SOFT))
    pod.put("scorer.tar.gz", tar_of(*members))
    failure = pod.refused(replace(SCORER, uri="pvc://weights/scorer.tar.gz"))
    assert failure.reason is Reason.ARTIFACT_INVALID
    assert str(failure) == (
        "spec.model.source.uri: the archive is refused: its link 'words' leads to"
        " '../scorer/model.py', outside of it: pack the archive without this link"
    )
    assert pod.tree() == []


def test_a_link_within_an_unwrapped_folder_is_kept(pod: Pod) -> None:
    members = (("s/a/model.py", CODE, FILE), ("s/model.py", "a/../a/model.py", SOFT))
    pod.put("scorer.tar.gz", tar_of(*members))
    pod.load(replace(SCORER, uri="pvc://weights/scorer.tar.gz"))
    assert (pod.models / "scorer/3/model.py").read_bytes() == CODE


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_beside_the_model_is_refused(tmp_path: Path, name: str) -> None:
    pod = Pod(tmp_path)
    pod.put("scorer/model.py")
    pod.put(f"scorer/{name}", b"ELF")
    refused = pod.refused(replace(SCORER, uri="pvc://weights/scorer"))
    assert refused.reason is Reason.ARTIFACT_INVALID
    assert refused.model == "scorer"
    assert f'found "{name}" in the artifact, which Triton would run' in str(refused)
    assert list(pod.models.iterdir()) == []


def test_nor_may_a_link_be_called_like_one(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    link = ("libtriton_python.so", "model.py", SOFT)
    pod.put("scorer.tar", tar_of(("model.py", CODE, FILE), link))
    refused = pod.refused(replace(SCORER, uri="pvc://weights/scorer.tar"))
    assert "libtriton_python.so" in str(refused)


def test_other_libraries_are_the_models_own(tmp_path: Path) -> None:
    pod = Pod(tmp_path)
    pod.put("scorer/model.py")
    pod.put("scorer/libwords.so", b"ELF")
    pod.load(replace(SCORER, uri="pvc://weights/scorer"))
    assert (pod.models / "scorer/3/libwords.so").exists()
