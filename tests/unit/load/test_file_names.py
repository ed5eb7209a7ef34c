"""A model is laid out in its own folder, whatever its config, its plan and the volume name.

The plan and the configs come from a ConfigMap, which others may edit.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.repository_plan import (
    PLAN_FILE,
    ArtifactFormat,
    PlanError,
    PlannedModel,
    RepositoryPlan,
)
from inference_operator.load.failure import LoadError
from inference_operator.load.layout.version_folder import Staging, remove_staging
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder, read_plan
from model_builders.file_names import PLAIN_NAME
from tests.unit.load.test_archive import SOFT, tar_of
from tests.unit.model_builders.config_files_cases import OTHERS, OWN

CODE = (
    b"class TritonPythonModel:\n    def execute(self, requests):\n        return []\n"
    b"    def auto_complete_config(config):\n        return config\n"
)
OTHER_CODE = CODE + b"# of somebody else\n"
VICTIM = PlannedModel("fx", 1, ArtifactFormat.PYTHON, "pvc://weights/fx.py")
ATTACKER = PlannedModel("lstm", 7, ArtifactFormat.PYTHON, "pvc://weights/lstm.py")
ENSEMBLE = PlannedModel("lstm", 7, ArtifactFormat.ENSEMBLE)
STEPS = 'ensemble_scheduling { step { model_name: "fx" model_version: 1 } }'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("models", "claims/weights", "credentials"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "claims/weights/fx.py").write_bytes(CODE)
    (tmp_path / "claims/weights/lstm.py").write_bytes(OTHER_CODE)
    return tmp_path


def load(root: Path, *orders: ModelOrder) -> None:
    folders = Folders(root / "models", root / "credentials", root / "claims")
    Loader(folders).load(orders)


def refused(root: Path, *orders: ModelOrder) -> str:
    with pytest.raises(LoadError) as caught:
        load(root, *orders)
    assert caught.value.reason is Reason.ARTIFACT_INVALID
    return str(caught.value)


def files(root: Path) -> dict[str, bytes]:
    paths = (path for path in (root / "models").rglob("*") if path.is_file())
    return {
        path.relative_to(root / "models").as_posix(): path.read_bytes()
        for path in paths
        if path.name != ".loaded.json"
    }


@pytest.mark.parametrize(("config", "field"), OTHERS.values(), ids=OTHERS.keys())
def test_load_refuses(config: str, field: str, root: Path) -> None:
    load(root, ModelOrder(VICTIM, ""))
    before = files(root)
    message = refused(root, ModelOrder(ATTACKER, config))
    assert message.startswith(f"config.pbtxt: {field}: found ")
    assert message.isprintable()
    assert files(root) == before


@pytest.mark.parametrize("config", OWN.values(), ids=OWN.keys())
def test_load_takes(config: str, root: Path) -> None:
    named = "prices-v2_final.onnx" if "default_model_filename" in config else "model.py"
    load(root, ModelOrder(ATTACKER, config))
    assert files(root) == {
        f"lstm/7/{named}": OTHER_CODE,
        "lstm/config.pbtxt": config.encode(),
    }


@pytest.mark.parametrize(
    "name", ["../../fx/1/model.py", "../../../models/fx/1/model.py", "../../fx/config.pbtxt"]
)
def test_no_main_file_replaces_that_of_another_model(name: str, root: Path) -> None:
    config = f'default_model_filename: "{name}"'
    message = refused(root, ModelOrder(VICTIM, ""), ModelOrder(ATTACKER, config))
    assert message == (
        f'config.pbtxt: default_model_filename: found "{name}", expected {PLAIN_NAME}; name'
        " a file in the artifact's folder without the folder"
    )
    assert files(root) == {"fx/1/model.py": CODE, "fx/config.pbtxt": b""}


def test_no_archive_is_unwrapped_into_the_folder_of_another_model(root: Path) -> None:
    (root / "claims/weights/lstm.tar.gz").write_bytes(tar_of(("top/x.py", CODE, b"0")))
    packed = PlannedModel("lstm", 7, ArtifactFormat.PYTHON, "pvc://weights/lstm.tar.gz")
    config = 'default_model_filename: "../../../fx/1/model.py"'
    refused(root, ModelOrder(packed, config))
    assert files(root) == {}


def test_an_ensemble_is_checked_too(root: Path) -> None:
    config, _ = OTHERS["an agent that is a path"]
    message = refused(root, ModelOrder(ENSEMBLE, f"{STEPS} {config}"))
    assert message.startswith("config.pbtxt: model_repository_agents.agents[")
    assert files(root) == {}


def test_a_name_that_leads_out_is_refused_where_the_file_is_moved_too(root: Path) -> None:
    staging = Staging(root / "models", ModelOrder(ATTACKER, ""))
    staging.prepare()
    staging.download.write_bytes(CODE)
    with pytest.raises(LoadError, match="as its main file, expected one file name"):
        staging.put(staging.download, "../config.pbtxt")
    (staging.version / "model.py").symlink_to(root / "claims/weights/fx.py")
    with pytest.raises(LoadError, match=r"found two files that would be called model\.py"):
        staging.put(staging.download, "model.py")


def _staging(models: Path, elsewhere: Path) -> None:
    (models / ".load-lstm").symlink_to(elsewhere)


def _model(models: Path, elsewhere: Path) -> None:
    (models / "lstm").symlink_to(elsewhere)


def _parts(models: Path, elsewhere: Path) -> None:
    (models / ".load-lstm").mkdir()
    for name in ("model", "lifted"):
        (models / ".load-lstm" / name).symlink_to(elsewhere)
    (models / ".load-lstm" / "download").symlink_to(elsewhere / "kept.py")


@pytest.mark.parametrize("plant", [_staging, _model, _parts])
def test_nothing_is_written_through_a_link_on_the_volume(
    plant: Callable[[Path, Path], None], root: Path
) -> None:
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.py").write_bytes(b"kept")
    plant(root / "models", elsewhere)

    load(root, ModelOrder(ATTACKER, ""))

    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == {"kept.py": b"kept"}
    assert not (root / "models/lstm").is_symlink()
    assert files(root) == {"lstm/7/model.py": OTHER_CODE, "lstm/config.pbtxt": b""}


def test_a_link_to_a_complete_model_is_not_taken_for_one(root: Path) -> None:
    load(root, ModelOrder(ATTACKER, ""))
    (root / "models/lstm").rename(root / "elsewhere")
    (root / "models/lstm").symlink_to(root / "elsewhere")
    load(root, ModelOrder(ATTACKER, ""))
    assert not (root / "models/lstm").is_symlink()
    assert (root / "elsewhere/7/model.py").read_bytes() == OTHER_CODE


def test_a_link_among_the_staging_folders_is_removed_and_not_what_it_leads_to(root: Path) -> None:
    (root / "elsewhere").mkdir()
    (root / "elsewhere/kept").write_bytes(b"kept")
    (root / "models/.load-x").symlink_to(root / "elsewhere")
    remove_staging(root / "models")
    assert not (root / "models/.load-x").is_symlink()
    assert (root / "elsewhere/kept").read_bytes() == b"kept"


def test_a_link_that_leaves_after_unwrapping_is_refused(root: Path) -> None:
    """In the archive it leads to a file beside its only folder, which takes the archive's place."""
    packed = tar_of(("top/model.py", CODE, b"0"), ("top/words", "../config.pbtxt", SOFT))
    (root / "claims/weights/lstm.tar.gz").write_bytes(packed)
    model = PlannedModel("lstm", 7, ArtifactFormat.PYTHON, "pvc://weights/lstm.tar.gz")
    message = refused(root, ModelOrder(model, ""))
    assert message.startswith(
        "spec.model.source.uri: the archive is refused: its link 'words' leads to '../config.pbtxt'"
    )
    assert files(root) == {}


def test_a_link_that_stays_in_the_artifact_is_kept(root: Path) -> None:
    packed = tar_of(("top/model.py", CODE, b"0"), ("top/main.py", "model.py", SOFT))
    (root / "claims/weights/lstm.tar.gz").write_bytes(packed)
    model = PlannedModel("lstm", 7, ArtifactFormat.PYTHON, "pvc://weights/lstm.tar.gz")
    load(root, ModelOrder(model, ""))
    assert (root / "models/lstm/7/main.py").read_bytes() == CODE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../fx"),
        ("name", "fx/1"),
        ("name", ".."),
        ("name", ".load-fx"),
        ("name", "fx\0"),
        ("version", "../../fx/1"),
        ("version", 0),
        ("version", 10**30),
    ],
)
def test_an_edited_plan_is_refused(field: str, value: object, tmp_path: Path) -> None:
    plan = json.loads(RepositoryPlan((ATTACKER,)).to_json())
    plan["models"][0][field] = value
    (tmp_path / PLAN_FILE).write_text(json.dumps(plan))
    with pytest.raises(PlanError, match=rf"models\[0\]\.{field}: found"):
        read_plan(tmp_path)
