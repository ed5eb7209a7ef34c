"""The loader of a revision that has served: only the same artifact is laid out again."""

from pathlib import Path

import pytest

from inference_operator.api.reasons import Reason
from inference_operator.domain.digests_file import DIGESTS_FILE, digests_to_json
from inference_operator.load.failure import LoadError
from inference_operator.load.loader import Folders, Loader
from inference_operator.load.plan import ModelOrder
from inference_operator.load.transfer.digest import digest_of
from tests.unit.load.test_loader import CODE, CONFIG, SCORER, Pod

OTHER = "ab" * 32


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    for name in ("models", "claims/weights", "credentials"):
        (tmp_path / name).mkdir(parents=True)
    return Pod(tmp_path)


def served(pod: Pod, text: str) -> Folders:
    """Return the folders of a pod whose revision has served what the text says."""
    folder = pod.root / "digests"
    folder.mkdir(exist_ok=True)
    (folder / DIGESTS_FILE).write_text(text)
    return Folders(pod.models, pod.root / "credentials", pod.root / "claims", folder)


def test_another_artifact_than_the_revision_has_served_is_refused(pod: Pod) -> None:
    pod.put("scorer/model.py")
    folders = served(pod, digests_to_json({"scorer": OTHER}))
    with pytest.raises(LoadError) as caught:
        Loader(folders).load((ModelOrder(SCORER, CONFIG),))
    assert caught.value.reason is Reason.ARTIFACTS_DIFFER
    assert OTHER in str(caught.value)
    assert digest_of(pod.claim / "scorer/model.py") in str(caught.value)
    assert pod.tree() == []


def test_another_artifact_that_an_earlier_container_laid_out_is_fetched_again(pod: Pod) -> None:
    pod.put("scorer/model.py", CODE + b"# changed\n")
    pod.load(SCORER)
    digest = digest_of(pod.put("scorer/model.py"))
    folders = served(pod, digests_to_json({"scorer": digest}))
    (model,) = Loader(folders).load((ModelOrder(SCORER, CONFIG),)).models
    assert model.sha256 == digest
    assert (pod.models / "scorer/3/model.py").read_bytes() == CODE


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"scorer": "abc"}', '{"other": "' + OTHER + '"}']
)
def test_without_a_legible_digest_any_artifact_is_served(pod: Pod, text: str) -> None:
    pod.put("scorer/model.py")
    Loader(served(pod, text)).load((ModelOrder(SCORER, CONFIG),))
    assert pod.tree() == ["scorer/3/model.py", "scorer/config.pbtxt"]


def test_the_same_artifact_is_served_again(pod: Pod) -> None:
    digest = digest_of(pod.put("scorer/model.py"))
    Loader(served(pod, digests_to_json({"scorer": digest}))).load((ModelOrder(SCORER, CONFIG),))
    assert pod.tree() == ["scorer/3/model.py", "scorer/config.pbtxt"]
